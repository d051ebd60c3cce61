/* The list as it is being edited: what it was, what it is, what changed. No drawing, no talking. */
RemoteAccess.draft = function (list) {
    'use strict';

    // Without a prototype: an entry may have any name.
    var base = Object.assign(Object.create(null), list);
    var now = Object.assign(Object.create(null), list);

    function has(path) {
        return Object.prototype.hasOwnProperty.call(now, path);
    }

    /** The broader entry that decides about `path` when it has none of its own; null if none does. */
    function cover(path) {
        var parts = path.split('/');
        var broader = parts.length > 2 ? [parts[0] + '/' + parts[1]] : [];
        if (parts[1] !== '*') broader.push(parts[0] + '/*');
        return broader.filter(has)[0] || null;
    }

    function changes() {
        var paths = Object.keys(Object.assign(Object.create(null), base, now));
        return paths.filter(function (path) { return base[path] !== now[path]; }).sort();
    }

    return {
        base: function () { return base; },
        list: function () { return now; },
        paths: function () { return Object.keys(now).sort(); },
        right: function (path) { return has(path) ? now[path] : null; },
        was: function (path) { return base[path] || null; },
        cover: cover,
        changes: changes,
        allow: function (path, right) { now[path] = right; },
        refuse: function (path) { delete now[path]; },
        replace: function (list) { now = Object.assign(Object.create(null), list); },
        /** What of `list` would newly get write access. */
        newWrites: function (list) {
            return Object.keys(list).filter(function (path) { return list[path] === 'write' && now[path] !== 'write'; });
        }
    };
};
