/* The list of all endpoints, grouped by module, with a tick at each that is allowed. */
RemoteAccess.endpoints = function (offer, draft, onchange) {
    'use strict';

    var ra = RemoteAccess, tr = ra.tr, h = ra.h;
    // Without a prototype: a module may have any name.
    var opened = Object.create(null);
    var search = '';
    var show = 'all';
    var box = h('div.ra-groups');

    function draw() {
        var line = box.contains(document.activeElement) && document.activeElement.closest('[data-path]');
        var groups = grouped();
        var names = Object.keys(groups).sort();
        ra.fill(box, names.length ? names.map(function (name) { return group(name, groups[name]); })
            : h('p.ra-quiet', null, tr('Nothing found.')));
        if (line) focus(line.dataset.path);
    }

    /** Who works with the keyboard goes on where they were. */
    function focus(path) {
        box.querySelectorAll('[data-path]').forEach(function (line) {
            if (line.dataset.path === path) line.querySelector('input').focus({preventScroll: true});
        });
    }

    /** What emoncms has, and what the list has beside it. */
    function rows() {
        var known = Object.create(null);
        var rows = offer.endpoints.map(function (endpoint) {
            known[endpoint.path] = true;
            return endpoint;
        });
        draft.paths().forEach(function (path) {
            if (known[path]) return;
            rows.push({path: path, module: path.split('/')[0], mode: draft.right(path), description: about(path)});
        });
        return rows;
    }

    function about(path) {
        if (path.slice(-2) === '/*') return tr('Everything of this module that is not listed by itself');
        return Object.prototype.hasOwnProperty.call(offer.read_only, path) ? tr('Not in this version of emoncms') : tr('Added by hand');
    }

    function grouped() {
        var groups = Object.create(null);
        rows().filter(isWanted).forEach(function (row) {
            (groups[row.module] = groups[row.module] || []).push(row);
        });
        return groups;
    }

    function isWanted(row) {
        var allowed = draft.right(row.path) !== null;
        if (show === 'allowed' && !allowed) return false;
        if (show === 'write' && (draft.right(row.path) || row.mode) !== 'write') return false;
        return (row.path + ' ' + row.description).toLowerCase().indexOf(search) >= 0;
    }

    function group(name, rows) {
        var allowed = rows.filter(function (row) { return draft.right(row.path) !== null; });
        var writes = allowed.filter(function (row) { return draft.right(row.path) === 'write'; }).length;
        rows.sort(function (a, b) { return a.path < b.path ? -1 : 1; });
        var is_whole = search === '' && show === 'all';
        return h('details.ra-group', {open: !is_whole || opened[name], ontoggle: function (event) {
            if (is_whole) opened[name] = event.target.open;
        }}, h('summary', null, h('strong', null, name),
            h('span.ra-quiet', null, tr('%s of %s allowed', allowed.length, rows.length)),
            writes > 0 && h('span.ra-right.ra-write', null, tr('%s with write access', writes))
        ), rows.map(line));
    }

    function line(row) {
        var right = draft.right(row.path);
        var changed = right !== draft.was(row.path);
        return h('label.ra-line' + (right ? '.ra-allowed' : '') + (changed ? '.ra-changed' : ''), {'data-path': row.path},
            h('input', {type: 'checkbox', checked: right !== null, onchange: function (event) {
                var tick = event.target;
                onchange(row.path, tick.checked ? row.mode : null, function () { tick.checked = !tick.checked; });
            }}),
            h('span.ra-name', null, h('code', null, row.path), h('small', null, row.description), hint(row.path, right)),
            badge(right || row.mode));
    }

    function hint(path, right) {
        var cover = right === null && draft.cover(path);
        if (!cover) return null;
        return h('small.ra-cover', null, tr('allowed all the same, by “%s”', cover));
    }

    function badge(right) {
        if (right === 'write') return h('span.ra-right.ra-write', null, tr('write'));
        if (right === 'read') return h('span.ra-right', null, tr('read'));
        return h('span.ra-right.ra-write', null, right);
    }

    return {
        box: box,
        draw: draw,
        search: function (text) { search = text.trim().toLowerCase(); draw(); },
        show: function (which) { show = which; draw(); },
        open: function (module) { opened[module] = true; }
    };
};
