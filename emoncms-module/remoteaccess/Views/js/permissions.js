/* Page "Permissions": the master switch, the owner's list, and what it would do with a request. */
(function (ra) {
    'use strict';

    var tr = ra.tr, h = ra.h, server = ra.server;

    var MODES = [
        ['off', tr('Off'), tr('Nobody can reach this emoncms from outside.')],
        ['read_only', tr('Read only'), tr('Feeds, inputs and graphs can be looked at. Nothing can be changed.')],
        ['custom', tr('Custom'), tr('You choose from a list what may be seen and what may be changed.')]
    ];
    var to_connect = h('a', {href: ra.setting.path + 'remoteaccess/view'}, tr('To the page Connect'));

    var settings = null;
    var offer = null;
    var draft = null;
    var revision = null;
    var editor = null;
    var chosen = null;
    var busy = false;

    var message_box = h('div', {'aria-live': 'polite'});
    var switch_box = h('div');
    var editor_box = h('div');
    var save_box = h('div.ra-save');
    ra.fill(ra.page, h('p.ra-quiet', null, tr('Loading…')));

    Promise.all([server.get('settings'), server.get('endpoints')]).then(function (answers) {
        var trouble = answers.filter(function (answer) { return answer.success === false; })[0];
        if (trouble) return ra.fill(ra.page, ra.notice('error', trouble.message, to_connect));
        offer = answers[1];
        ra.fill(ra.page, message_box, switch_box, editor_box, save_box, ra.tester(function () {
            return chosen === 'read_only' ? offer.read_only : draft.list();
        }, function () {
            return chosen === 'off';
        }));
        begin(answers[0]);
        if (location.hash) find(location.hash.slice(1));
    });

    /** Comes from the page Activity: shows the entry, also where no list of one's own is in force. */
    function find(encoded) {
        try {
            editor.search(decodeURIComponent(encoded));
            choose('custom');
        } catch (malformed) {
            location.hash = '';
        }
    }

    /** Starts from what is saved. */
    function begin(saved) {
        settings = saved;
        chosen = saved.mode;
        revision = saved.revision;
        draft = ra.draft(saved.custom);
        editor = ra.editor(offer, draft, drawSave);
        draw();
    }

    /** The switch goes its own way: what is being edited stays, for the list that it was begun from. */
    function keep(saved) {
        if (!draft.changes().length) return begin(saved);
        settings = saved;
        chosen = saved.mode;
        if (same(saved.custom, draft.base())) revision = saved.revision;
        draw();
    }

    function same(one, other) {
        function sorted(list) { return JSON.stringify(Object.keys(list).sort().map(function (path) { return [path, list[path]]; })); }
        return sorted(one) === sorted(other);
    }

    function draw() {
        drawSwitch();
        drawSave();
        ra.fill(editor_box, chosen === 'custom' && editor.box);
    }

    function drawSwitch() {
        ra.fill(switch_box, h('div.ra-modes', {role: 'radiogroup', 'aria-label': tr('What is allowed')}, MODES.map(function (mode) {
            var name = mode[0];
            return h('button.ra-mode' + (name === chosen ? '.ra-chosen' : ''), {
                type: 'button', role: 'radio', 'aria-checked': String(name === chosen), 'data-mode': name,
                disabled: busy || (name === 'off' && !settings.configured), onclick: function () { choose(name); }
            }, h('strong', null, mode[1]), h('span', null, mode[2]));
        })), !settings.configured && ra.notice('info',
            tr('What you choose here counts as soon as you have connected to a server.'), to_connect));
    }

    /** Off and Read only count at once; a list of one's own is looked through and saved. */
    function choose(mode) {
        if (busy || (mode === chosen && mode === settings.mode)) return;
        chosen = mode;
        ra.fill(message_box);
        draw();
        if (mode !== 'custom') save(revision, draft.base(), draft.base());
    }

    function drawSave() {
        var count = draft.changes().length;
        var to_say = ra.format.plural(count, tr('1 change is not saved yet.'), tr('%s changes are not saved yet.'));
        save_box.hidden = chosen !== 'custom' || (count === 0 && settings.mode === 'custom');
        ra.fill(save_box, h('span', null, count === 0 ? tr('Your own list is not in force yet.') : to_say),
            ra.button(tr('Discard'), function () { begin(settings); }),
            h('button.btn.btn-primary', {type: 'button', disabled: busy, onclick: function () {
                save(revision, draft.list(), draft.base());
            }}, settings.enabled || !settings.configured ? tr('Save') : tr('Save and switch on')));
    }

    function save(revision, list, base) {
        if (busy) return;
        busy = true;
        draw();
        server.post('access', {revision: revision, mode: chosen, access: list, base: base}).then(function (answer) {
            busy = false;
            if (answer.success) return saved(answer);
            if (answer.conflict) return disagree(answer);
            if (chosen !== 'custom') chosen = settings.mode;
            draw();
            tell(ra.notice('error', answer.message));
        });
    }

    function saved(answer) {
        if (answer.mode === 'custom') begin(answer);
        else keep(answer);
        tell(ra.notice('success', !answer.configured ? tr('Saved.') : {
            off: tr('Remote access is off. The agent disconnects at once.'),
            read_only: tr('Saved. From now on feeds, inputs and graphs can be looked at, and nothing can be changed.'),
            custom: tr('Saved. Your list is in force from the next request on.')
        }[answer.mode]));
    }

    function disagree(answer) {
        var wanted = chosen;
        if (wanted !== 'custom') chosen = answer.settings.mode;
        draw();
        tell(ra.conflict(answer, function () {
            chosen = wanted;
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

    window.addEventListener('beforeunload', function (event) {
        if (draft && draft.changes().length) event.preventDefault();
    });
}(RemoteAccess));
