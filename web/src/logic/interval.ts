// How far apart the points are that are asked for.

import type { Window } from './window';

/** emoncms' own words for steps of the calendar. */
export type Calendar = 'daily' | 'weekly' | 'monthly' | 'annual';
export type Interval = number | Calendar;

export const CALENDAR: readonly Calendar[] = ['daily', 'weekly', 'monthly', 'annual'];
/** Steps that divide minutes, hours and days. */
export const STEPS: readonly number[] = [
    1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200, 86_400,
    172_800, 432_000, 864_000, 1_728_000,
];
/** emoncms gives 20 000 at most; ask for fewer in any case. */
export const MOST_POINTS = 8000;

export function isCalendar(interval: Interval): interval is Calendar {
    return typeof interval === 'string';
}

/** The smallest step with which no more than `points` points fill the window, and none below the feeds' `own`. */
export function choose(window: Window, points: number, own = 0): number {
    const least = Math.max(own, (window.end - window.start) / Math.max(1, points));
    return STEPS.find((step) => step >= least) ?? Math.ceil(least / 86_400) * 86_400;
}

/** `wanted`, or the next that emoncms would not refuse. */
export function bearable(wanted: number, window: Window): number {
    return (window.end - window.start) / wanted > MOST_POINTS ? choose(window, MOST_POINTS) : wanted;
}

/** `step`, or the next that is a whole number of a feed's own; emoncms would round it itself and not say so. */
export function fitting(step: number, own: number | null): number {
    return own ? Math.max(1, Math.ceil(step / own)) * own : step;
}

/** The window with its ends on whole steps, so that points stay where they are while the window moves. */
export function aligned(window: Window, step: number): Window {
    return { start: Math.floor(window.start / step) * step, end: Math.ceil(window.end / step) * step };
}

/** About how long a step lasts. */
export function seconds(interval: Interval): number {
    if (!isCalendar(interval)) return interval;
    return { daily: 1, weekly: 7, monthly: 30.4, annual: 365 }[interval] * 86_400;
}

/** The step of the calendar with which bars of such a window are neither lines nor walls. */
export function calendarFor(span: number): Calendar {
    if (span <= 100 * 86_400) return 'daily';
    if (span <= 370 * 86_400) return 'weekly';
    return span <= 5 * 366 * 86_400 ? 'monthly' : 'annual';
}
