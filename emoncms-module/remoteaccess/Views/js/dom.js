/* Building pages. Text only ever becomes text, never markup. */
var RemoteAccess = (function () {
    'use strict';

    var setting = JSON.parse(document.getElementById('ra-setting').textContent);

    /** The text in the language of this page, with %s filled in, in order. */
    function tr(text) {
        var values = Array.prototype.slice.call(arguments, 1);
        return (setting.words[text] || text).replace(/%s/g, function (place) {
            return values.length ? values.shift() : place;
        });
    }

    /**
     * An element: h('button.btn.btn-small', {type: 'button', onclick: save}, 'Save', …).
     * What is null or false is left out, of attributes and of children.
     */
    function h(kind, attributes) {
        var names = kind.split('.');
        var element = document.createElement(names[0]);
        element.className = names.slice(1).join(' ');
        Object.keys(attributes || {}).forEach(function (name) { set(element, name, attributes[name]); });
        append(element, Array.prototype.slice.call(arguments, 2));
        return element;
    }

    function set(element, name, value) {
        if (value === null || value === undefined || value === false) return;
        if (name.indexOf('on') === 0) element.addEventListener(name.slice(2), value);
        else if (name === 'value' || name === 'checked' || name === 'open') element[name] = value;
        else element.setAttribute(name, value === true ? '' : value);
    }

    function append(element, children) {
        children.forEach(function (child) {
            if (Array.isArray(child)) append(element, child);
            else if (child !== null && child !== undefined && child !== false) element.append(child);
        });
    }

    /** Puts these in place of all that is there. */
    function fill(element) {
        element.replaceChildren();
        append(element, Array.prototype.slice.call(arguments, 1));
    }

    /** A box with a sentence; `tone` is success, error, info or none. */
    function notice(tone, text) {
        var more = Array.prototype.slice.call(arguments, 2);
        var role = tone === 'error' ? 'alert' : 'status';
        return h('div.alert.ra-notice' + (tone ? '.alert-' + tone : ''), {role: role}, h('span', null, text), more);
    }

    function button(text, onclick, more) {
        return h('button.btn' + (more || ''), {type: 'button', onclick: onclick}, text);
    }

    /** Buttons of which one is chosen; `choices` are [value, text], the first is chosen at first. */
    function choice(choices, onchoice) {
        var group = h('div.btn-group', null, choices.map(function (one, index) {
            return button(one[1], function (event) {
                group.querySelectorAll('.btn').forEach(function (other) {
                    other.classList.toggle('active', other === event.target);
                });
                onchoice(one[0]);
            }, index === 0 ? '.active' : '');
        }));
        return group;
    }

    /** A question, answered by one of two buttons (or Escape, which is no). */
    function ask(question, yes, go, leave) {
        var dialog = h('dialog.ra-dialog', {onclose: function () {
            dialog.remove();
            (dialog.returnValue === 'yes' ? go : leave)();
        }}, h('p', null, question), h('p.ra-actions', null,
            h('button.btn.btn-warning', {type: 'button', onclick: function () { dialog.close('yes'); }}, yes),
            h('button.btn', {type: 'button', autofocus: true, onclick: function () { dialog.close(); }}, tr('Cancel'))));
        document.body.append(dialog);
        dialog.showModal();
    }

    return {
        setting: setting, page: document.getElementById('ra-page'),
        tr: tr, h: h, fill: fill, notice: notice, button: button, choice: choice, ask: ask
    };
}());
