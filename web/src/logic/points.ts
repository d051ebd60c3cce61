// Points of feeds: read, put side by side, and summed up.

import { toNumber, toTime } from './number';

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

/** More than any emoncms gives at once. */
const MOST_POINTS = 50_000;
/** What is larger was never measured, and no axis could show it. */
const LARGEST = 1e100;

/** What `feed/data` gave for one feed. What is no point is left out; what runs backwards too. */
export function read(data: unknown): Points {
    const points: Points = { times: [], values: [] };
    if (!Array.isArray(data)) return points;
    let last = -Infinity;
    for (const pair of data.slice(0, MOST_POINTS)) {
        const time = Array.isArray(pair) ? toTime(pair[0]) : null;
        if (time === null || time <= last) continue;
        points.times.push(time);
        const value = toNumber(pair[1]);
        points.values.push(value !== null && Math.abs(value) <= LARGEST ? value : null);
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

/**
 * With a gap where a feed says nothing at all, neither a value nor that there is none, for longer than `most`: a line
 * would else join what lies on both sides. Its last value before that lasts for `step`.
 */
export function withGaps({ times, values }: Points, most: number, step: number): Points {
    const gapped: Points = { times: [], values: [] };
    times.forEach((time, at) => {
        const before = times[at - 1];
        if (before !== undefined && time - before > most && values[at - 1] !== null && values[at] !== null) {
            gapped.times.push(before + step);
            gapped.values.push(null);
        }
        gapped.times.push(time);
        gapped.values.push(values[at]!);
    });
    return gapped;
}

/** What lies between two values: as a rule, and at most but for the longest quarter of those times. */
export function rhythm({ times, values }: Points): { usual: number; long: number } {
    const known = times.filter((_, at) => values[at] !== null);
    const steps = known.slice(1).map((time, at) => time - known[at]!);
    steps.sort((a, b) => a - b);
    const place = (part: number) => steps[Math.floor((steps.length - 1) * part)] ?? 0;
    return { usual: place(0.5), long: place(0.75) };
}

/** The values at `count` times from `start` on; null where there is none. */
export function onGrid({ times, values }: Points, start: number, step: number, count: number): Value[] {
    const grid = new Array<Value>(count).fill(null);
    times.forEach((time, at) => {
        const place = Math.floor((time - start) / step);
        if (place >= 0 && place < count) grid[place] = values[at]!;
    });
    return grid;
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
