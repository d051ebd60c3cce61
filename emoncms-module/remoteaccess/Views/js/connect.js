/* Page "Connect": how it stands, the switch, and the account at the server. */
(function (ra) {
    'use strict';

    var tr = ra.tr, server = ra.server;

    var settings = null;
    var status = null;
    var busy = false;

    var status_card = ra.statusCard({turn: turn, repairKeys: repairKeys, edit: function () { account_card.edit(); }});
    var account_card = ra.accountCard({verify: verify, setAside: setAside});
    ra.fill(ra.page, status_card.box, account_card.box);

    var look = server.watch('status', 2000, function (answer) {
        status = answer;
        status_card.draw(status, settings);
    });
    server.get('settings').then(show);

    function show(answer) {
        settings = answer;
        status_card.draw(status, settings);
        account_card.draw(settings);
    }

    function verify(typed) {
        return server.post('connect', Object.assign({revision: settings.revision}, typed)).then(function (answer) {
            if (answer.success) return done(answer, tr('Verified and saved. The agent connects now.'));
            if (!answer.conflict) return account_card.say('error', answer.message);
            settings.revision = answer.settings.revision;
            account_card.say('error', answer.message + ' '
                + tr('Nothing of yours was saved yet; press the button again to save it all the same.'));
        });
    }

    function turn(enabled) {
        change('turn', {revision: settings.revision, enabled: enabled});
    }

    function repairKeys() {
        change('keys', {revision: settings.revision}, tr('Done: remote access uses your present API keys.'));
    }

    function setAside(revision) {
        change('aside', {revision: revision});
    }

    function change(what, body, thanks) {
        if (busy) return;
        busy = true;
        server.post(what, body).then(function (answer) {
            busy = false;
            if (answer.success) return done(answer, thanks);
            if (!answer.conflict) return account_card.say('error', answer.message);
            if (answer.settings) show(answer.settings);
            account_card.say('error', answer.message + ' ' + tr('The page now shows them as they are; please try again.'));
        });
    }

    function done(answer, thanks) {
        show(answer);
        account_card.say('success', thanks);
        look();
    }
}(RemoteAccess));
