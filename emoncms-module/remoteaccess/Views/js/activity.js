/* Page "Activity": what the agent did, and what it was asked for last. */
(function (ra) {
    'use strict';

    var tr = ra.tr, h = ra.h, format = ra.format;

    var VERDICTS = {
        answered: tr('answered'), refused: tr('refused'), failed: tr('failed'), cancelled: tr('cancelled')
    };

    var seen = null;
    var shown = null;
    var verdict = '';
    var search = '';

    var agent_box = h('div');
    var table_box = h('div');
    var toolbar = drawToolbar();
    ra.fill(ra.page, agent_box, toolbar, table_box);
    toolbar.hidden = true;

    ra.server.watch('activity', 2000, function (answer) {
        seen = answer;
        var shows = JSON.stringify(Object.assign({}, answer, {now: Math.floor(answer.now / 60)}));
        if (shows === shown) return;
        shown = shows;
        draw();
    });

    function draw() {
        toolbar.hidden = !seen.known;
        if (seen.success === false) return ra.fill(agent_box, ra.notice('error', seen.message));
        ra.fill(agent_box, agent(), seen.known && counters());
        drawTable();
    }

    function agent() {
        var is_running = seen.state !== 'not_running';
        return h('section.ra-card.ra-status.ra-' + seen.tone, {'data-state': seen.state},
            h('div.ra-headline', null, h('span.ra-dot'), h('strong', null, seen.headline)),
            !is_running && h('p', null, seen.advice),
            !is_running && seen.known && h('p.ra-quiet', null, tr('What follows is from before it stopped.')),
            is_running && h('p.ra-quiet', null, [
                tr('Agent %s', seen.version),
                tr('running for %s', format.duration(seen.now - seen.started)),
                seen.server && tr('server %s', seen.server)
            ].filter(Boolean).join(' · ')));
    }

    function counters() {
        var c = seen.counters;
        return h('div.ra-counters', null,
            counter(tr('Requests'), format.number(c.requests)),
            counter(tr('Answered'), format.number(c.answered)),
            counter(tr('Refused'), format.number(c.refused), c.refused > 0 ? '.ra-write' : ''),
            counter(tr('Failed'), format.number(c.failed), c.failed > 0 ? '.ra-write' : ''),
            counter(tr('Sent'), format.size(c.bytes)));
    }

    function counter(name, value, mark) {
        return h('div.ra-counter' + (mark || ''), null, h('strong', null, value), h('span', null, name));
    }

    function drawToolbar() {
        var kinds = [['', tr('All')], ['answered', tr('Answered')], ['refused', tr('Refused')], ['failed', tr('Failed')]];
        var field = h('input.ra-search', {
            type: 'search', placeholder: tr('Search'), 'aria-label': tr('Search'), oninput: function () {
                search = field.value.trim().toLowerCase();
                drawTable();
            }
        });
        return h('div.ra-toolbar', null, field, ra.choice(kinds, function (kind) {
            verdict = kind;
            drawTable();
        }));
    }

    function isWanted(request) {
        var text = (request.endpoint + ' ' + request.reason).toLowerCase();
        return (verdict === '' || request.verdict === verdict) && text.indexOf(search) >= 0;
    }

    function drawTable() {
        if (!seen.known) return ra.fill(table_box);
        var rows = seen.requests.filter(isWanted);
        if (!seen.requests.length) {
            return ra.fill(table_box, empty(tr('No requests yet'),
                tr('As soon as somebody asks for something from outside, it is listed here.')));
        }
        if (!rows.length) {
            return ra.fill(table_box, empty(tr('Nothing found.'),
                tr('None of the last %s requests is like that.', seen.requests.length)));
        }
        var columns = [tr('Time'), tr('Endpoint'), tr('Verdict'), tr('Status'), tr('Duration'), tr('Size')];
        ra.fill(table_box, h('table.table.ra-requests', null,
            h('thead', null, h('tr', null, columns.map(function (name) { return h('th', null, name); }))),
            h('tbody', null, rows.map(row))));
    }

    function empty(headline, text) {
        return h('div.ra-empty', null, h('strong', null, headline), h('p', null, text));
    }

    function row(request) {
        return h('tr.ra-' + request.verdict.replace(/[^a-z]/g, ''), {'data-endpoint': request.endpoint},
            h('td.ra-time', null, format.moment(request.time)),
            h('td.ra-endpoint', null, h('code', null, request.endpoint), allowIt(request)),
            h('td.ra-verdict', null, h('span.ra-right', null, VERDICTS[request.verdict] || request.verdict),
                request.reason && h('small', null, request.reason)),
            h('td', null, String(request.status || '')),
            h('td', null, format.milliseconds(request.ms)),
            h('td', null, format.size(request.bytes)));
    }

    /** From a refusal straight to where it can be allowed. */
    function allowIt(request) {
        if (request.error !== 'denied') return null;
        var page = ra.setting.path + 'remoteaccess/view/permissions#';
        return h('a.ra-allow', {href: page + encodeURIComponent(request.endpoint)}, tr('Change permissions'));
    }
}(RemoteAccess));
