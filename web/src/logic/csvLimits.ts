// How much emoncms gives as one file of CSV.

import { isCalendar, seconds, type Interval } from './interval';
import type { Window } from './window';

/** Lines of several feeds: more is refused by any emoncms as it is set up, and 11.4 stops at the second. */
export const MOST_TOGETHER = 20_000;
export const SURELY_TOGETHER = 8928;
/** What emoncms' own page gives at most, and about what a line of one feed takes. */
export const MOST_BYTES = 25e6;
const LINE_BYTES = 26;
const FEED_BYTES = 9;

export function lines(window: Window, interval: Interval): number {
    return Math.ceil((window.end - window.start) / seconds(interval));
}

/** Lines of a single feed, and steps of the calendar, are not counted by emoncms. */
export function fits(window: Window, interval: Interval, feeds: number, together = MOST_TOGETHER): boolean {
    const count = lines(window, interval);
    if (feeds > 1 && !isCalendar(interval) && count > together) return false;
    return count * (LINE_BYTES + FEED_BYTES * feeds) <= MOST_BYTES;
}

/** The finest of `steps`, ascending, that any emoncms gives; nothing where there is none. */
export function finest<T extends Interval>(window: Window, steps: readonly T[], feeds: number): T | undefined {
    return steps.find((step) => fits(window, step, feeds, SURELY_TOGETHER));
}

/** What a PHP that is newer than its emoncms writes before the lines where it is told to show such things. */
const COMPLAINTS = /^(\s*<br \/>\s*<b>(Deprecated|Notice|Warning)<\/b>:[^\n]*<br \/>)+/;

/**
 * What the beginning of such a file, asked for with Unix times, says against it; null where it is one. emoncms sends
 * refusals as files too: its sentence in quotes, or lines without times.
 */
export function objection(beginning: string): string | null {
    const text = beginning.replace(COMPLAINTS, '').trim();
    // Nothing was recorded then, or a line that begins with a time.
    if (text === '' || /^\d{1,11}\D/.test(text)) return null;
    try {
        const said: unknown = JSON.parse(text);
        if (typeof said === 'string') return said;
        const { message } = said as { message?: unknown };
        return typeof message === 'string' ? message : text.slice(0, 240);
    } catch {
        return text.slice(0, 240);
    }
}
