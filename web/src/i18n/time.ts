// Moments and lengths of time in words.

import { locale, w } from './index';

const formats = new Map<string, Intl.DateTimeFormat>();

function format(seconds: number, options: Intl.DateTimeFormatOptions): string {
    const key = locale.value + JSON.stringify(options);
    let one = formats.get(key);
    if (!one) {
        one = new Intl.DateTimeFormat(locale.value, options);
        formats.set(key, one);
    }
    return one.format(seconds * 1000);
}

/** 14:03:22 */
export function clockTime(seconds: number): string {
    return format(seconds, { timeStyle: 'medium' });
}

/** 22 Nov 2026, 14:03 */
export function moment(seconds: number): string {
    return format(seconds, { dateStyle: 'medium', timeStyle: 'short' });
}

/** As precise as points `step` seconds apart deserve. */
export function point(seconds: number, step: number): string {
    if (step >= 86_400) return format(seconds, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
    const date = { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' } as const;
    return format(seconds, step >= 60 ? date : { ...date, second: '2-digit' });
}

/** How old something of `seconds` is, short, as in emoncms' feed list: `12 s`, `5 min`, `3 d`. */
export function shortAge(age: number | null, time: number | null): string {
    if (age === null || time === null) return w.value.age.never;
    const size = Math.abs(age);
    if (size < 1) return w.value.age.now;
    if (age > 366 * 86_400) return format(time, { month: 'short', year: 'numeric' });
    if (age > 31 * 86_400) return format(time, { day: 'numeric', month: 'short' });
    return (age < -5 ? '+' : '') + lengthOf(size);
}

/** `15 s`, `10 min`, `6 h`, `3 d`. */
export function lengthOf(seconds: number): string {
    const { second, minute, hour, day } = w.value.units;
    if (seconds < 180 && seconds % 60 !== 0) return `${Math.round(seconds)} ${second}`;
    if (seconds < 60) return `${Math.round(seconds)} ${second}`;
    if (seconds < 2 * 3600 && seconds % 3600 !== 0) return `${Math.round(seconds / 60)} ${minute}`;
    if (seconds < 48 * 3600 && seconds % 86_400 !== 0) return `${Math.round(seconds / 3600)} ${hour}`;
    return `${Math.round(seconds / 86_400)} ${day}`;
}

/** What is left until `time`, in whole minutes: `4 min`. */
export function left(time: number, now: number): string {
    return lengthOf(Math.max(1, Math.ceil((time - now) / 60)) * 60);
}

/** “5 minutes ago”, “yesterday”. */
export function ago(time: number, now: number): string {
    const relative = new Intl.RelativeTimeFormat(locale.value, { numeric: 'auto' });
    const age = Math.max(1, now - time);
    if (age < 60) return relative.format(-Math.round(age), 'second');
    if (age < 3600) return relative.format(-Math.round(age / 60), 'minute');
    if (age < 2 * 86_400) return relative.format(-Math.round(age / 3600), 'hour');
    return relative.format(-Math.round(age / 86_400), 'day');
}
