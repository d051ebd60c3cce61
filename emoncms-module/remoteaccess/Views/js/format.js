/* Numbers and times for people. */
RemoteAccess.format = (function (ra) {
    'use strict';

    var tr = ra.tr;
    var language = ra.setting.language;

    function number(value) {
        return value.toLocaleString(language);
    }

    function size(bytes) {
        if (bytes < 1000) return number(bytes) + ' B';
        if (bytes < 1e6) return decimal(bytes / 1e3) + ' kB';
        if (bytes < 1e9) return decimal(bytes / 1e6) + ' MB';
        return decimal(bytes / 1e9) + ' GB';
    }

    function decimal(value) {
        return value.toLocaleString(language, {maximumFractionDigits: value < 10 ? 1 : 0});
    }

    function milliseconds(value) {
        return value < 10000 ? number(value) + ' ms' : decimal(value / 1000) + ' s';
    }

    /** How long, in its largest unit. */
    function duration(seconds) {
        if (seconds < 60) return tr('less than a minute');
        if (seconds < 3600) return plural(seconds / 60, tr('1 minute'), tr('%s minutes'));
        if (seconds < 86400) return plural(seconds / 3600, tr('1 hour'), tr('%s hours'));
        return plural(seconds / 86400, tr('1 day'), tr('%s days'));
    }

    function plural(value, one, many) {
        var whole = Math.floor(value);
        return whole === 1 ? one : many.replace('%s', number(whole));
    }

    /** The time of day; the date as well, if it is not today. */
    function moment(unix) {
        var date = new Date(unix * 1000);
        var is_today = date.toDateString() === new Date().toDateString();
        return is_today ? date.toLocaleTimeString(language)
            : date.toLocaleString(language, {day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit'});
    }

    return {number: number, size: size, milliseconds: milliseconds, duration: duration, moment: moment, plural: plural};
}(RemoteAccess));
