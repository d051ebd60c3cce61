/* How it stands: what the agent does, what is wrong, and the switch. */
RemoteAccess.statusCard = function (actions) {
    'use strict';

    var ra = RemoteAccess, tr = ra.tr, h = ra.h, format = ra.format;
    var HAS_SERVER = ['connected', 'connecting', 'unreachable', 'wrong_password', 'tls_error', 'account_in_use'];

    var box = h('div', {'aria-live': 'polite'});
    var shown = null;

    /** Only what changed is drawn, so that a button does not vanish under a finger. */
    function draw(status, settings) {
        var minute = status && Math.floor(status.now / 60);
        var shows = JSON.stringify([settings, Object.assign({}, status, {now: minute})]);
        if (shows === shown) return;
        shown = shows;
        if (!status || !settings) return ra.fill(box, h('p.ra-quiet', null, tr('Loading…')));
        if (status.success === false) return ra.fill(box, ra.notice('error', status.message));
        ra.fill(box, h('section.ra-card.ra-status.ra-' + status.tone, {'data-state': status.state},
            h('div.ra-headline', null, h('span.ra-dot'), h('strong', null, status.headline)),
            where(status), advice(status), warnings(status, settings), buttons(status, settings)));
    }

    function where(status) {
        if (!status.server || HAS_SERVER.indexOf(status.state) < 0) return null;
        var lasted = format.duration(status.now - status.since);
        return h('p', null, tr('%s, account %s', status.server, status.account), status.since > 0 && [
            h('br'),
            h('span.ra-quiet', null, tr('since %s (%s)', format.moment(status.since), lasted))
        ]);
    }

    function advice(status) {
        var has_details = status.message && (status.tone === 'bad' || status.tone === 'busy');
        return [
            status.advice && h('p', null, status.advice),
            has_details && h('p.ra-quiet', null, tr('The agent says: %s', status.message))
        ];
    }

    function warnings(status, settings) {
        return [
            status.config_error && status.state !== 'bad_config' && ra.notice('error',
                tr('The agent cannot use the settings as they are now, and goes on with the earlier ones: %s', status.config_error)),
            settings.configured && !settings.encrypted && ra.notice('',
                tr('The connection is not encrypted: anyone on the way can read it. Save your account below once more to change that.')),
            keys(settings)
        ];
    }

    function keys(settings) {
        var repair = ra.button(tr('Use my present keys'), actions.repairKeys);
        if (settings.keys === 'outdated') {
            return ra.notice('error', tr('Your API keys in emoncms were changed, so requests will fail.'), repair);
        }
        if (settings.keys === 'other') {
            return ra.notice('', tr('Remote access shows the feeds and inputs of another user of this emoncms, not yours.'), repair);
        }
        return null;
    }

    function buttons(status, settings) {
        if (!settings.configured) return null;
        return h('p.ra-actions', null,
            status.state === 'wrong_password' && ra.button(tr('Enter the password again'), actions.edit, '.btn-primary'),
            settings.enabled
                ? ra.button(tr('Switch off'), function () { actions.turn(false); })
                : ra.button(tr('Switch on'), function () { actions.turn(true); }, '.btn-primary'));
    }

    return {box: box, draw: draw};
};
