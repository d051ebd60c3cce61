/* The owner's list being edited: search, presets, all endpoints, and those added by hand. */
RemoteAccess.editor = function (offer, draft, onchange) {
    'use strict';

    var ra = RemoteAccess, tr = ra.tr, h = ra.h;
    var SHOWS = [['all', tr('All')], ['allowed', tr('Allowed')], ['write', tr('Write')]];

    var write_confirmed = false;
    var endpoints = ra.endpoints(offer, draft, tick);
    var search = h('input.ra-search', {
        type: 'search', placeholder: tr('Search'), 'aria-label': tr('Search'),
        oninput: function () { endpoints.search(search.value); }
    });
    var box = h('section.ra-card', null,
        h('div.ra-toolbar', null, search, ra.choice(SHOWS, endpoints.show), presets()), endpoints.box, adder());
    endpoints.draw();

    function presets() {
        return h('select', {'aria-label': tr('Start from'), onchange: function (event) {
            var preset = offer.presets[event.target.value];
            event.target.value = '';
            confirmWrite(draft.newWrites(preset.access), function () {
                draft.replace(preset.access);
                changed();
            }, function () {});
        }}, h('option', {value: ''}, tr('Start from…')), offer.presets.map(function (preset, index) {
            return h('option', {value: String(index), title: preset.about}, preset.name);
        }));
    }

    function adder() {
        var path = h('input', {type: 'text', placeholder: 'controller/action', 'aria-label': tr('Endpoint'), autocapitalize: 'none', spellcheck: 'false'});
        var right = h('select', {'aria-label': tr('Right')},
            h('option', {value: 'read'}, tr('read')), h('option', {value: 'write'}, tr('write')));
        var trouble = h('div', {'aria-live': 'polite'});

        function add(event) {
            event.preventDefault();
            var wanted = path.value.trim();
            check(wanted, right.value).then(function (sentence) {
                ra.fill(trouble, sentence && ra.notice('error', sentence));
                if (sentence) return;
                endpoints.open(wanted.split('/')[0]);
                tick(wanted, right.value, function () {});
                path.value = '';
            });
        }
        return h('form.ra-adder', {onsubmit: add}, h('span', null, tr('Not listed? Add it by hand:')), path, right,
            h('button.btn', {type: 'submit'}, tr('Add')), trouble);
    }

    /** Asks emoncms, which has the rules; comes to a sentence if the entry is wrong. */
    function check(path, right) {
        var list = {};
        list[path] = right;
        return ra.server.post('check', {access: list}).then(function (answer) {
            return answer.success ? null : answer.message;
        });
    }

    function tick(path, right, undo) {
        confirmWrite(right === 'write' ? [path] : [], function () {
            if (right === null) draft.refuse(path);
            else draft.allow(path, right);
            changed();
        }, undo);
    }

    /** Write access is asked for once. */
    function confirmWrite(paths, go, undo) {
        if (write_confirmed || !paths.length) return go();
        var names = paths.slice(0, 4).join(', ') + (paths.length > 4 ? '…' : '');
        ra.ask(tr('Write access lets people who sign in at the server change things in this house: %s. Do you want to allow that?', names),
            tr('Allow write access'), function () {
                write_confirmed = true;
                go();
            }, undo);
    }

    function changed() {
        endpoints.draw();
        onchange();
    }

    return {box: box, search: function (path) {
        search.value = path;
        endpoints.search(path);
    }};
};
