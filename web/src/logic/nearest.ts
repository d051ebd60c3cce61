// Which point is meant when somebody points at a time.

import type { Points, Value } from './points';

/** The place of the last time that is not after `time`; -1 where all are. */
export function placeBefore(times: number[], time: number): number {
    let [low, high] = [0, times.length];
    while (low < high) {
        const middle = (low + high) >> 1;
        if (times[middle]! <= time) low = middle + 1;
        else high = middle;
    }
    return low - 1;
}

/** The point nearest to `time`, unless it is farther than `reach` away. Bars and steps begin at their time. */
export function nearest(
    { times, values }: Points,
    time: number,
    reach: number,
    fromHere: boolean,
): { time: number; value: Value } | null {
    let at = placeBefore(times, time);
    const next = at + 1;
    if (!fromHere && next < times.length && (at < 0 || times[next]! - time < time - times[at]!)) at = next;
    const found = times[at];
    if (found === undefined || Math.abs(found - time) > reach) return null;
    return { time: found, value: values[at] ?? null };
}
