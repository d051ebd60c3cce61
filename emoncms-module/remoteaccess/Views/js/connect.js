/* Page "Connect": how it stands, the switch, and the account at the server. */
(function (ra) {
    'use strict';

    var tr = ra.tr, h = ra.h, format = ra.format, server = ra.server;

    var settings = null;
    var status = null;
    var busy = false;
    var editing = false;
    var outcome = null;
    var shown = null;

    var status_box = h('div', {'aria-live': 'polite'});
    var account_box = h('div');
    ra.fill(ra.page, status_box, account_box);

    function load() {
        return server.get('settings').then(function (answer) {
            settings = answer;
            editing = answer.success !== false && !answer.configured;
            draw();
        });
    }

    function draw() {
        drawStatus();
        drawAccount();
    }

    /** Only what changed is drawn, so that a button does not vanish under a finger. */
    function drawStatus() {
        var now = status && status.now;
        var shows = JSON.stringify([settings, Object.assign({}, status, {now: Math.floor(now / 60)})]);
        if (shows === shown) return;
        shown = shows;
        if (!status || !settings) return ra.fill(status_box, h('p.ra-quiet', null, tr('Loading…')));
        if (status.success === false) return ra.fill(status_box, ra.notice('error', status.message));
        ra.fill(status_box, h('section.ra-card.ra-status.ra-' + status.tone, {'data-state': status.state},
            h('div.ra-headline', null, h('span.ra-dot'), h('strong', null, status.headline)),
            where(), advice(), warnings(), theSwitch()));
    }

    function where() {
        if (!status.server || ['connected', 'connecting', 'unreachable', 'wrong_password', 'tls_error', 'account_in_use'].indexOf(status.state) < 0) return null;
        var since = status.since ? tr('since %s (%s)', format.moment(status.since), format.duration(status.now - status.since)) : null;
        return h('p', null, tr('%s, account %s', status.server, status.account), since && h('br'), since && h('span.ra-quiet', null, since));
    }

    function advice() {
        var details = status.tone === 'bad' || status.tone === 'busy' ? status.message : '';
        return [
            status.advice && h('p', null, status.advice),
            details && h('p.ra-quiet', null, tr('The agent says: %s', details))
        ];
    }

    function warnings() {
        return [
            status.config_error && status.state !== 'bad_config' && ra.notice('error', tr('The agent cannot use the settings as they are now, and goes on with the earlier ones: %s', status.config_error)),
            settings.configured && !settings.encrypted && ra.notice('', tr('The connection is not encrypted: anyone on the way can read it. Save your account below once more to change that.')),
            keyWarning()
        ];
    }

    function keyWarning() {
        var repair = ra.button(tr('Use my present keys'), repairKeys);
        if (settings.keys === 'outdated') return ra.notice('error', tr('Your API keys in emoncms were changed, so requests will fail.'), repair);
        if (settings.keys === 'other') return ra.notice('', tr('Remote access shows the feeds and inputs of another user of this emoncms, not yours.'), repair);
        return null;
    }

    function theSwitch() {
        if (!settings.configured) return null;
        return h('p.ra-actions', null,
            status.state === 'wrong_password' && ra.button(tr('Enter the password again'), edit, '.btn-primary'),
            settings.enabled ? ra.button(tr('Switch off'), function () { turn(false); })
                : ra.button(tr('Switch on'), function () { turn(true); }, '.btn-primary'));
    }

    function drawAccount() {
        if (!settings) return;
        if (settings.success === false) return ra.fill(account_box, damage());
        ra.fill(account_box, outcome, editing ? form() : summary());
    }

    function damage() {
        return ra.notice('error', settings.message,
            settings.damaged && ra.button(tr('Put it aside and start afresh'), function () {
                change('aside', {revision: settings.damaged});
            }));
    }

    function summary() {
        return h('section.ra-card', null, h('h4', null, tr('Account')),
            h('p', null, tr('%s, account %s', settings.host, settings.username)),
            h('p.ra-actions', null, ra.button(tr('Change account or server'), edit)));
    }

    function edit() {
        editing = true;
        outcome = null;
        draw();
        account_box.querySelector('[type=password]').focus();
    }

    function form() {
        var fields = {
            host: field(tr('Server'), {value: settings.host, autocapitalize: 'none', spellcheck: 'false'}),
            username: field(tr('User name'), {value: settings.username, autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false'}),
            password: field(tr('Password'), {type: 'password', autocomplete: 'current-password'}),
            port: field(tr('MQTT port'), {value: String(settings.port), inputmode: 'numeric'}),
            emoncms_url: field(tr('Address of this emoncms on this device'), {value: settings.emoncms_url, spellcheck: 'false'})
        };
        function submit(event) {
            event.preventDefault();
            var body = {};
            Object.keys(fields).forEach(function (name) { body[name] = fields[name].input.value; });
            verify(body);
        }
        return h('form.ra-card', {onsubmit: submit}, h('h4', null, tr('Account at the server')),
            h('p', null, tr('These are the name and password of your account in the cloud, not those of this emoncms.')),
            h('div.ra-fields', null, ['host', 'username', 'password'].map(function (name) { return fields[name].row; })),
            h('details', null, h('summary', null, tr('Advanced')),
                h('div.ra-fields', null, fields.port.row, fields.emoncms_url.row)),
            h('p.ra-actions', null,
                h('button.btn.btn-primary', {type: 'submit', disabled: busy}, busy ? tr('Verifying…') : tr('Verify & save')),
                settings.configured && ra.button(tr('Cancel'), function () {
                    editing = false;
                    outcome = null;
                    draw();
                })));
    }

    function field(name, attributes) {
        var input = h('input', Object.assign({type: 'text'}, attributes));
        return {input: input, row: h('label', null, h('span', null, name), input)};
    }

    function verify(body) {
        if (busy) return;
        busy = true;
        var pressed = account_box.querySelector('[type=submit]');
        pressed.disabled = true;
        pressed.textContent = tr('Verifying…');
        server.post('connect', Object.assign({revision: settings.revision}, body)).then(function (answer) {
            busy = false;
            pressed.disabled = false;
            pressed.textContent = tr('Verify & save');
            if (answer.success) return done(answer, tr('Verified and saved. The agent connects now.'));
            if (answer.conflict) settings.revision = answer.settings.revision;
            say('error', answer.conflict ? answer.message + ' ' + tr('Nothing of yours was saved yet; press the button again to save it all the same.') : answer.message);
        });
    }

    /** Keeps the form with what was typed into it. */
    function say(tone, text) {
        if (outcome && outcome.parentNode) outcome.remove();
        outcome = ra.notice(tone, text);
        account_box.prepend(outcome);
        outcome.scrollIntoView({block: 'nearest'});
    }

    function turn(enabled) {
        change('turn', {revision: settings.revision, enabled: enabled});
    }

    function repairKeys() {
        change('keys', {revision: settings.revision}, tr('Done: remote access uses your present API keys.'));
    }

    function change(what, body, thanks) {
        if (busy) return;
        busy = true;
        server.post(what, body).then(function (answer) {
            busy = false;
            if (answer.success) return done(answer, thanks);
            if (answer.conflict && answer.settings) settings = answer.settings;
            drawStatus();
            say('error', answer.conflict ? answer.message + ' ' + tr('The page now shows them as they are; please try again.') : answer.message);
        });
    }

    function done(answer, thanks) {
        settings = answer;
        editing = !answer.configured;
        outcome = thanks ? ra.notice('success', thanks) : null;
        draw();
        look();
    }

    var look = server.watch('status', 2000, function (answer) {
        status = answer;
        drawStatus();
    });
    load();
}(RemoteAccess));
