/* Two people, or two windows, changed the settings at once: shows what each did, and lets this one go on. */
RemoteAccess.conflict = function (answer, mergeAndSave, takeTheirs) {
    'use strict';

    var ra = RemoteAccess, tr = ra.tr, h = ra.h;

    function changes(title, list) {
        var paths = Object.keys(list);
        if (!paths.length) return null;
        return h('div', null, h('strong', null, title), h('ul', null, paths.map(function (path) {
            return h('li', null, h('code', null, path), ' ', words(list[path]));
        })));
    }

    function words(right) {
        if (right === null) return tr('taken out');
        return right === 'write' ? tr('allowed for writing') : tr('allowed for reading');
    }

    function mode(name) {
        return {off: tr('Off'), read_only: tr('Read only'), custom: tr('Custom')}[name];
    }

    return h('section.alert.alert-block.ra-conflict', {role: 'alert'},
        h('h4', null, tr('Somebody else saved first')),
        h('p', null, answer.message, ' ', tr('Nothing of yours was saved, and nothing is lost.')),
        changes(tr('Changed there:'), answer.theirs),
        changes(tr('Changed by you:'), answer.mine),
        h('p', null, tr('The switch is now at “%s”.', mode(answer.settings.mode))),
        answer.disputed.length > 0 && h('p', null, tr('Both of you changed %s; if you save, yours counts.', answer.disputed.join(', '))),
        h('p.ra-actions', null,
            ra.button(tr('Save mine with theirs'), mergeAndSave, '.btn-primary'),
            ra.button(tr('Discard mine'), takeTheirs)));
};
