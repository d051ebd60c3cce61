// What emoncms is asked for so that each feed comes in a step of its own.

import type { Question } from '../server/feeds';
import { aligned, fitting, isCalendar, seconds, type Interval } from './interval';
import { rhythm, withGaps, withoutFiller, type Points } from './points';
import { midnight, type Window } from './window';

export interface Wanted {
    id: string;
    delta: boolean;
    /** It counts up: the mean of its count says nothing. */
    meter: boolean;
    /** How far apart its points are, where emoncms says it. */
    own: number | null;
}

/** One answer carries one step for all its feeds, so feeds that are asked for differently go apart. */
export function questions(wanted: Wanted[], window: Window, interval: Interval, average: boolean): Question[] {
    const groups = new Map<string, Question>();
    for (const { id, delta, meter, own } of wanted) {
        const step = isCalendar(interval) ? interval : fitting(interval, own);
        // Between points that are all there are, there is nothing to take the mean of.
        const mean = average && !delta && !meter && step !== own;
        const key = `${step} ${mean} ${delta}`;
        const asked = isCalendar(step) ? { start: midnight(window.start), end: window.end } : aligned(window, step);
        const group = groups.get(key) ?? { ids: [], ...asked, interval: step, average: mean, delta };
        group.ids.push(id);
        groups.set(key, group);
    }
    return [...groups.values()];
}

export interface Came {
    points: Points;
    /** How long each value lasts at most. */
    step: number;
}

/** A feed that sends when it likes is silent where that lasts so many times longer than nearly always. */
const SILENT = 5;
/** One that sends regularly, where a single point is missing. */
const MISSING = 1.5;

/**
 * `own`: of a feed with a fixed interval, where it is known. Of others, what came tells how often they measure. As on
 * emoncms' own graph, gaps are shown; unlike there, a feed that sends only now and then, or only what changes, stays
 * a line where it is asked for more finely than it sends.
 */
export function came(points: Points, interval: Interval, own: number | null): Came {
    const asked = seconds(interval);
    const { usual, long } = rhythm(points);
    const step = isCalendar(interval) ? asked : Math.max(asked, usual);
    if (own !== null) return { points: withGaps(points, step * MISSING, asked), step: asked };
    const silent = SILENT * Math.max(long, asked);
    return { points: withGaps(withoutFiller(points, SILENT * long), silent, step), step };
}
