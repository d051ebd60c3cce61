// Points of feeds: read, put side by side, and summed up.

import { toNumber } from './number';

export type Value = number | null;
/** Times in seconds, ascending, and what was measured then. */
export interface Points {
    times: number[];
    values: Value[];
}
/** Side by side on one axis of time. `undefined`: this feed has no point then, which is no gap. */
export interface Table {
    times: number[];
    columns: (Value | undefined)[][];
}

/** What `feed/data` gave for one feed. What is no point is left out; what runs backwards too. */
export function read(data: unknown): Points {
    const points: Points = { times: [], values: [] };
    if (!Array.isArray(data)) return points;
    let last = -Infinity;
    for (const pair of data) {
        const time = Array.isArray(pair) ? toNumber(pair[0]) : null;
        if (time === null || time <= last) continue;
        points.times.push(time);
        points.values.push(toNumber(pair[1]));
        last = time;
    }
    return points;
}

export function sideBySide(all: Points[]): Table {
    const [first] = all;
    if (!first) return { times: [], columns: [] };
    const same = all.every(
        (one) => one.times.length === first.times.length && one.times.every((time, at) => time === first.times[at]),
    );
    if (same) return { times: first.times, columns: all.map((one) => one.values) };
    const times = [...new Set(all.flatMap((one) => one.times))].sort((a, b) => a - b);
    const place = new Map(times.map((time, at) => [time, at]));
    const columns = all.map((one) => {
        const column = new Array<Value | undefined>(times.length).fill(undefined);
        one.times.forEach((time, at) => (column[place.get(time)!] = one.values[at]!));
        return column;
    });
    return { times, columns };
}

/**
 * Without what emoncms fills in where a feed has points further apart than was asked for: alone between its
 * neighbours, no value is no gap. `step` is how far apart the feed's own points are.
 */
export function withoutFiller({ times, values }: Points, step: number): Points {
    const kept: Points = { times: [], values: [] };
    let lastValueAt = -Infinity;
    let nextValue = 0;
    times.forEach((time, at) => {
        const value = values[at]!;
        if (value === null) {
            nextValue = Math.max(nextValue, at);
            while (nextValue < times.length && values[nextValue] === null) nextValue += 1;
            const between = nextValue < times.length && times[nextValue]! - lastValueAt <= step;
            if (between) return;
        } else lastValueAt = time;
        kept.times.push(time);
        kept.values.push(value);
    });
    return kept;
}

/** What lies between two values as a rule. */
export function usualStep({ times, values }: Points): number {
    const known = times.filter((_, at) => values[at] !== null);
    const steps = known.slice(1).map((time, at) => time - known[at]!);
    steps.sort((a, b) => a - b);
    return steps[Math.floor(steps.length / 2)] ?? 0;
}

export interface Summary {
    min: Value;
    max: Value;
    mean: Value;
    /** The last value less the first one. */
    difference: Value;
    sum: number;
    count: number;
    last: Value;
}

/** Of the values within [start, end]. */
export function summary({ times, values }: Points, start = -Infinity, end = Infinity): Summary {
    let [min, max, sum, count] = [Infinity, -Infinity, 0, 0];
    let [first, last]: [Value, Value] = [null, null];
    times.forEach((time, at) => {
        const value = values[at];
        if (value === null || value === undefined || time < start || time > end) return;
        min = Math.min(min, value);
        max = Math.max(max, value);
        sum += value;
        count += 1;
        first ??= value;
        last = value;
    });
    if (count === 0) return { min: null, max: null, mean: null, difference: null, sum: 0, count, last };
    return { min, max, mean: sum / count, difference: last! - first!, sum, count, last };
}

/** kWh from W: each value lasts until the next point, and no longer than `step`; gaps count as nothing. */
export function energy({ times, values }: Points, step: number, end = Infinity): Value {
    let [joules, any] = [0, false];
    times.forEach((time, at) => {
        const value = values[at];
        if (value === null || value === undefined) return;
        const until = Math.min(times[at + 1] ?? time + step, time + step, end);
        joules += value * Math.max(0, until - time);
        any = true;
    });
    return any ? joules / 3_600_000 : null;
}
