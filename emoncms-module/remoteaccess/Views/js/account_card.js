/* The account at the server: which one it is, and the form to enter another. */
RemoteAccess.accountCard = function (actions) {
    'use strict';

    var ra = RemoteAccess, tr = ra.tr, h = ra.h;

    var box = h('div');
    var message_box = h('div', {'aria-live': 'polite'});
    var content = h('div');
    var settings = null;
    ra.fill(box, message_box, content);

    function draw(now) {
        settings = now;
        if (settings.success === false) return ra.fill(content, damage());
        ra.fill(content, settings.configured ? summary() : form());
    }

    function edit() {
        say();
        ra.fill(content, form());
        content.querySelector('[type=password]').focus();
    }

    /** Leaves the form as it is, with what was typed into it. */
    function say(tone, text) {
        ra.fill(message_box, text && ra.notice(tone, text));
        if (text) message_box.scrollIntoView({block: 'nearest'});
    }

    function damage() {
        return ra.notice('error', settings.message, settings.damaged
            && ra.button(tr('Put it aside and start afresh'), function () { actions.setAside(settings.damaged); }));
    }

    function summary() {
        return h('section.ra-card', null, h('h4', null, tr('Account')),
            h('p', null, tr('%s, account %s', settings.host, settings.username)),
            h('p.ra-actions', null, ra.button(tr('Change account or server'), edit)));
    }

    function form() {
        var plain = {autocapitalize: 'none', spellcheck: 'false'};
        var fields = {
            host: field(tr('Server'), plain, {value: settings.host}),
            username: field(tr('User name'), plain, {value: settings.username, autocomplete: 'username'}),
            password: field(tr('Password'), {type: 'password', autocomplete: 'current-password'}),
            port: field(tr('MQTT port'), {inputmode: 'numeric', placeholder: '8883'}, {
                value: settings.websockets ? '' : String(settings.port)
            }),
            emoncms_url: field(tr('Address of this emoncms on this device'), plain, {value: settings.emoncms_url})
        };
        var websockets = checkbox(tr('Use the port of web pages (MQTT over WebSocket)'),
            tr('For networks that let nothing else out.'), {checked: settings.websockets, onchange: showPort});
        var save = h('button.btn.btn-primary', {type: 'submit'}, tr('Verify & save'));
        showPort();
        return h('form.ra-card', {onsubmit: submit}, h('h4', null, tr('Account at the server')),
            h('p', null, tr('These are the name and password of your account in the cloud, not those of this emoncms.')),
            h('div.ra-fields', null, fields.host.row, fields.username.row, fields.password.row),
            h('details', {open: settings.websockets}, h('summary', null, tr('Advanced')),
                h('div.ra-fields', null, websockets.row, fields.port.row, fields.emoncms_url.row)),
            h('p.ra-actions', null, save, settings.configured && ra.button(tr('Cancel'), function () {
                say();
                draw(settings);
            })));

        function showPort() {
            fields.port.row.hidden = websockets.input.checked;
        }

        function submit(event) {
            event.preventDefault();
            var typed = {websockets: websockets.input.checked};
            Object.keys(fields).forEach(function (name) {
                if (!fields[name].row.hidden) typed[name] = fields[name].input.value;
            });
            save.disabled = true;
            save.textContent = tr('Verifying…');
            actions.verify(typed).finally(function () {
                save.disabled = false;
                save.textContent = tr('Verify & save');
            });
        }
    }

    function field(name, attributes, more) {
        var input = h('input', Object.assign({type: 'text'}, attributes, more));
        return {input: input, row: h('label', null, h('span', null, name), input)};
    }

    function checkbox(name, hint, more) {
        var input = h('input', Object.assign({type: 'checkbox'}, more));
        return {input: input, row: h('label.ra-check', null, input, h('span', null, name, h('small.ra-quiet', null, hint)))};
    }

    return {box: box, draw: draw, edit: edit, say: say};
};
