/* "Try a request": what the agent would do with it. emoncms has the rules, and is asked. */
RemoteAccess.tester = function (listInForce, isOff) {
    'use strict';

    var ra = RemoteAccess, tr = ra.tr, h = ra.h;

    var path = h('input', {type: 'text', placeholder: 'feed/list.json', 'aria-label': tr('Endpoint'), autocapitalize: 'none', spellcheck: 'false'});
    var result = h('div', {'aria-live': 'polite'});

    function ask(event) {
        event.preventDefault();
        ra.server.post('test', {path: path.value, access: listInForce()}).then(function (answer) {
            var is_fine = answer.verdict === 'read' || answer.verdict === 'write';
            ra.fill(result, ra.notice(is_fine ? 'success' : 'error', answer.sentence || answer.message),
                isOff() && h('p.ra-quiet', null,
                    tr('Remote access is off, so nothing is answered at the moment; this is what your own list says.')));
        });
    }

    return h('form.ra-card.ra-tester', {onsubmit: ask}, h('h4', null, tr('Try a request')),
        h('p.ra-quiet', null, tr('Type what somebody might ask for, and see what would happen.')),
        h('div.ra-toolbar', null, path, h('button.btn', {type: 'submit'}, tr('Try'))), result);
};
