// Which stretch of time is looked at. All times in seconds since 1970.

export interface Window {
    start: number;
    end: number;
}

export const HOUR = 3600;
export const DAY = 86_400;
export const WEEK = 7 * DAY;
export const MONTH = 30 * DAY;
export const YEAR = 365 * DAY;

/** Nobody looks at less, and no emoncms has more. */
export const SHORTEST = 60;
export const LONGEST = 30 * YEAR;
const EARLIEST = 0;

/** `span` seconds up to `now`. */
export function until(now: number, span: number): Window {
    return { start: Math.round(now - span), end: Math.round(now) };
}

export function span(window: Window): number {
    return window.end - window.start;
}

/** Seen from `factor` times as far away; `at` (0 left, 1 right) stays where it is. */
export function zoom(window: Window, factor: number, at = 0.5): Window {
    const length = Math.min(LONGEST, Math.max(SHORTEST, span(window) * factor));
    const start = window.start + (span(window) - length) * at;
    return clean({ start, end: start + length });
}

/** Moved by a part of its length; to the right where positive. */
export function pan(window: Window, part: number): Window {
    const by = span(window) * part;
    return clean({ start: window.start + by, end: window.end + by });
}

/** What a person dragged over, in whichever direction; the window itself where that is next to nothing. */
export function select(window: Window, from: number, to: number): Window {
    const [start, end] = from < to ? [from, to] : [to, from];
    if (end - start < 1) return window;
    const missing = Math.max(0, SHORTEST - (end - start));
    return clean({ start: start - missing / 2, end: end + missing / 2 });
}

/** Two fingers: what was under them when they came stays under them. */
export function pinch(window: Window, before: [number, number], after: [number, number]): Window {
    const apart = Math.abs(after[1] - after[0]);
    if (apart < 0.01) return window;
    const factor = Math.abs(before[1] - before[0]) / apart;
    const length = Math.min(LONGEST, Math.max(SHORTEST, span(window) * factor));
    const middle = window.start + ((before[0] + before[1]) / 2) * span(window);
    const start = middle - ((after[0] + after[1]) / 2) * length;
    return clean({ start, end: start + length });
}

function clean({ start, end }: Window): Window {
    const shift = Math.max(0, EARLIEST - start);
    return { start: Math.round(start + shift), end: Math.round(end + shift) };
}

/** Midnight before `time`, in the browser's time zone, so many days further. */
export function midnight(time: number, days = 0): number {
    const date = new Date(time * 1000);
    return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime() / 1000;
}
