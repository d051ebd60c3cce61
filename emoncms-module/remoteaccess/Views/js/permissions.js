/* Page "Permissions": the master switch, the owner's list, and what it would do with a request. */
(function (ra) {
    'use strict';

    var tr = ra.tr, h = ra.h, server = ra.server;

    var MODES = [
        ['off', tr('Off'), tr('Nobody can reach this emoncms from outside.')],
        ['read_only', tr('Read only'), tr('Feeds, inputs and graphs can be looked at. Nothing can be changed.')],
        ['custom', tr('Custom'), tr('You choose from a list what may be seen and what may be changed.')]
    ];

    var settings = null;
    var offer = null;
    var draft = null;
    var endpoints = null;
    var chosen = null;
    var write_confirmed = false;
    var busy = false;

    var message_box = h('div', {'aria-live': 'polite'});
    var switch_box = h('div');
    var editor_box = h('div');
    var tester_box = h('div');
    var save_box = h('div.ra-save');
    ra.fill(ra.page, h('p.ra-quiet', null, tr('Loading…')));

    Promise.all([server.get('settings'), server.get('endpoints')]).then(function (answers) {
        var trouble = answers.filter(function (answer) { return answer.success === false; })[0];
        if (trouble) return ra.fill(ra.page, ra.notice('error', trouble.message), h('a.btn', {href: ra.setting.path + 'remoteaccess/view'}, tr('To the page Connect')));
        offer = answers[1];
        ra.fill(ra.page, message_box, switch_box, editor_box, save_box, tester_box);
        begin(answers[0]);
        drawTester();
        searchFor(decodeURIComponent(location.hash.replace('#', '')));
    });

    /** Starts from what is saved. */
    function begin(saved) {
        settings = saved;
        chosen = saved.mode;
        draft = ra.draft(saved.custom);
        endpoints = ra.endpoints(offer.endpoints, draft, tick);
        drawSwitch();
        drawEditor();
    }

    function drawSwitch() {
        ra.fill(switch_box, h('div.ra-modes', {role: 'radiogroup', 'aria-label': tr('What is allowed')}, MODES.map(function (mode) {
            var is_chosen = mode[0] === chosen;
            return h('button.ra-mode' + (is_chosen ? '.ra-chosen' : ''), {
                type: 'button', role: 'radio', 'aria-checked': String(is_chosen), 'data-mode': mode[0],
                disabled: busy || (mode[0] === 'off' && !settings.configured),
                onclick: function () { choose(mode[0]); }
            }, h('strong', null, mode[1]), h('span', null, mode[2]));
        })), !settings.configured && ra.notice('info', tr('What you choose here counts as soon as you have connected to a server.'),
            h('a', {href: ra.setting.path + 'remoteaccess/view'}, tr('To the page Connect'))));
    }

    /** Off and Read only count at once; a list of one's own is looked through and saved. */
    function choose(mode) {
        if (busy || (mode === chosen && mode === settings.mode)) return;
        chosen = mode;
        ra.fill(message_box);
        drawSwitch();
        drawEditor();
        if (mode !== 'custom') save(settings.revision, draft.list(), draft.base());
    }

    function drawEditor() {
        drawSave();
        if (chosen !== 'custom') return ra.fill(editor_box);
        ra.fill(editor_box, h('section.ra-card', null, toolbar(), endpoints.box, adder()));
        endpoints.draw();
    }

    function toolbar() {
        var shows = [['all', tr('All')], ['allowed', tr('Allowed')], ['write', tr('Write')]];
        var filter = h('div.btn-group', null, shows.map(function (show) {
            return ra.button(show[1], function (event) {
                filter.querySelectorAll('.btn').forEach(function (other) { other.classList.toggle('active', other === event.target); });
                endpoints.show(show[0]);
            }, show[0] === 'all' ? '.active' : '');
        }));
        var presets = h('select', {'aria-label': tr('Start from'), onchange: function (event) {
            var preset = offer.presets[event.target.value];
            event.target.value = '';
            allowAll(preset.access);
        }}, h('option', {value: ''}, tr('Start from…')), offer.presets.map(function (preset, index) {
            return h('option', {value: String(index), title: preset.about}, preset.name);
        }));
        return h('div.ra-toolbar', null,
            h('input.ra-search', {type: 'search', placeholder: tr('Search'), 'aria-label': tr('Search'), oninput: function (event) {
                endpoints.search(event.target.value);
            }}), filter, presets);
    }

    function searchFor(path) {
        var field = editor_box.querySelector('.ra-search');
        if (!path || !field) return;
        field.value = path;
        endpoints.search(path);
    }

    function adder() {
        var path = h('input', {type: 'text', placeholder: 'controller/action', 'aria-label': tr('Endpoint'), autocapitalize: 'none', spellcheck: 'false'});
        var right = h('select', {'aria-label': tr('Right')}, h('option', {value: 'read'}, tr('read')), h('option', {value: 'write'}, tr('write')));
        var trouble = h('div', {'aria-live': 'polite'});
        function add(event) {
            event.preventDefault();
            var wanted = path.value.trim();
            check(wanted, right.value).then(function (sentence) {
                ra.fill(trouble, sentence && ra.notice('error', sentence));
                if (sentence) return;
                endpoints.open(wanted.split('/')[0]);
                tick(wanted, right.value, function () {}, function () { path.value = ''; });
            });
        }
        return h('form.ra-adder', {onsubmit: add}, h('span', null, tr('Not listed? Add it by hand:')), path, right,
            h('button.btn', {type: 'submit'}, tr('Add')), trouble);
    }

    /** Asks emoncms, which has the rules; comes to a sentence if the entry is wrong. */
    function check(path, right) {
        var list = {};
        list[path] = right;
        return server.post('check', {access: list}).then(function (answer) { return answer.success ? null : answer.message; });
    }

    function tick(path, right, undo, done) {
        function doIt() {
            if (right === null) draft.refuse(path);
            else draft.allow(path, right);
            if (done) done();
            changed();
        }
        if (right !== 'write') return doIt();
        confirmWrite([path], doIt, undo);
    }

    function allowAll(list) {
        confirmWrite(draft.newWrites(list), function () {
            draft.replace(list);
            changed();
        }, function () {});
    }

    /** Write access is asked for once. */
    function confirmWrite(paths, go, undo) {
        if (write_confirmed || !paths.length) return go();
        var names = paths.length > 4 ? paths.slice(0, 4).join(', ') + '…' : paths.join(', ');
        ra.ask(tr('Write access lets people who sign in at the server change things in this house: %s. Do you want to allow that?', names),
            tr('Allow write access'), function () {
                write_confirmed = true;
                go();
            }, undo);
    }

    function changed() {
        endpoints.draw();
        drawSave();
    }

    function drawSave() {
        var count = draft.changes().length;
        save_box.hidden = chosen !== 'custom' || (count === 0 && settings.mode === 'custom');
        ra.fill(save_box, h('span', null, count === 0 ? tr('Your own list is not in force yet.') : ra.format.plural(count, tr('1 change is not saved yet.'), tr('%s changes are not saved yet.'))),
            ra.button(tr('Discard'), function () { begin(settings); }),
            h('button.btn.btn-primary', {type: 'button', disabled: busy, onclick: function () {
                save(settings.revision, draft.list(), draft.base());
            }}, settings.enabled || !settings.configured ? tr('Save') : tr('Save and switch on')));
    }

    function save(revision, list, base) {
        if (busy) return;
        busy = true;
        drawSwitch();
        drawSave();
        var asked = {revision: revision, mode: chosen, access: list, base: base};
        server.post('access', asked).then(function (answer) {
            busy = false;
            if (answer.success) return saved(answer);
            if (answer.conflict) return disagree(answer);
            chosen = settings.mode === chosen ? chosen : asked.mode === 'custom' ? 'custom' : settings.mode;
            drawSwitch();
            drawEditor();
            tell(ra.notice('error', answer.message));
        });
    }

    function saved(answer) {
        begin(answer);
        if (!answer.configured) return tell(ra.notice('success', tr('Saved.')));
        tell(ra.notice('success', {
            off: tr('Remote access is off. The agent disconnects at once.'),
            read_only: tr('Saved. From now on feeds, inputs and graphs can be looked at, and nothing can be changed.'),
            custom: tr('Saved. Your list is in force from the next request on.')
        }[answer.mode]));
    }

    function disagree(answer) {
        drawSwitch();
        drawSave();
        tell(ra.conflict(answer, function () {
            save(answer.settings.revision, answer.merged, answer.settings.custom);
        }, function () {
            ra.fill(message_box);
            begin(answer.settings);
        }));
    }

    function tell(box) {
        ra.fill(message_box, box);
        message_box.scrollIntoView({block: 'center'});
    }

    function drawTester() {
        var path = h('input', {type: 'text', placeholder: 'feed/list.json', 'aria-label': tr('Endpoint'), autocapitalize: 'none', spellcheck: 'false'});
        var result = h('div', {'aria-live': 'polite'});
        function ask(event) {
            event.preventDefault();
            var list = chosen === 'read_only' ? offer.read_only : draft.list();
            server.post('test', {path: path.value, access: list}).then(function (answer) {
                var fine = answer.verdict === 'read' || answer.verdict === 'write';
                ra.fill(result, ra.notice(fine ? 'success' : 'error', answer.sentence || answer.message),
                    chosen === 'off' && h('p.ra-quiet', null, tr('Remote access is off, so nothing is answered at the moment; this is what your own list says.')));
            });
        }
        ra.fill(tester_box, h('form.ra-card.ra-tester', {onsubmit: ask}, h('h4', null, tr('Try a request')),
            h('p.ra-quiet', null, tr('Type what somebody might ask for, and see what would happen.')),
            h('div.ra-toolbar', null, path, h('button.btn', {type: 'submit'}, tr('Try'))), result));
    }

    window.addEventListener('beforeunload', function (event) {
        if (draft && chosen === 'custom' && draft.changes().length) event.preventDefault();
    });
}(RemoteAccess));
