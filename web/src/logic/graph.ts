// What the graph shows, as the address bar keeps it.

import { CALENDAR, calendarFor, type Interval } from './interval';
import { DAY, LONGEST, MONTH, SHORTEST, type Window } from './window';

export type Shape = 'line' | 'steps' | 'bars';

export interface Series {
    id: string;
    right: boolean;
    shape: Shape;
    /** What was added between two points, and not the value itself: kWh per day of a meter. */
    delta: boolean;
}

export interface Graph {
    series: Series[];
    /** Up to now, and moving with it. */
    span: number;
    /** Or fixed. */
    fixed: Window | null;
    interval: Interval | null;
    average: boolean;
}

export const MOST_SERIES = 10;
const SHAPES: Record<string, Shape> = { s: 'steps', b: 'bars' };

/** `#/graph?feeds=1,5r,7bd&span=86400` and so on. What is malformed is as if it were missing. */
export function parse(query: URLSearchParams): Graph {
    const series: Series[] = [];
    for (const word of (query.get('feeds') ?? '').split(',')) {
        const found = /^(\d{1,12})(r?)([sb]?)(d?)$/.exec(word);
        if (!found || series.length >= MOST_SERIES || series.some(({ id }) => id === found[1])) continue;
        const [, id, right, shape, delta] = found;
        series.push({ id: id!, right: right === 'r', shape: SHAPES[shape!] ?? 'line', delta: delta === 'd' });
    }
    const [start, end] = [number(query.get('from')), number(query.get('to'))];
    const isWindow = start !== null && end !== null && end - start >= 1 && end - start <= LONGEST;
    const span = number(query.get('span'));
    return {
        series,
        span: Math.min(LONGEST, Math.max(SHORTEST, span ?? DAY)),
        fixed: isWindow ? { start, end } : null,
        interval: interval(query.get('interval')),
        average: query.get('average') !== '0',
    };
}

export function format({ series, span, fixed, interval, average }: Graph): URLSearchParams {
    const query = new URLSearchParams();
    const words = series.map(
        (one) => `${one.id}${one.right ? 'r' : ''}${one.shape === 'line' ? '' : one.shape[0]}${one.delta ? 'd' : ''}`,
    );
    if (words.length > 0) query.set('feeds', words.join(','));
    if (fixed) {
        query.set('from', String(fixed.start));
        query.set('to', String(fixed.end));
    } else query.set('span', String(span));
    if (interval !== null) query.set('interval', String(interval));
    if (!average) query.set('average', '0');
    return query;
}

/** The same where the same points are asked for, however they are drawn; `moved` is a window not yet in the address. */
export function sameData({ series, span, fixed, interval, average }: Graph, moved: Window | null = null): string {
    const window = moved ?? fixed ?? span;
    return JSON.stringify([series.map(({ id, delta }) => [id, delta]), window, interval, average]);
}

/** A meter's count is most often wanted by the day; other feeds as they went. */
export function fresh(feeds: { id: string; unit: string }[]): Graph {
    const chosen = feeds.slice(0, MOST_SERIES);
    const meters = chosen.length > 0 && chosen.every(({ unit }) => isMeter(unit));
    const left = chosen[0]?.unit;
    const series = chosen.map(({ id, unit }): Series => {
        const right = unit !== left;
        return { id, right, shape: meters ? 'bars' : 'line', delta: meters };
    });
    const span = meters ? MONTH : DAY;
    return { series, span, fixed: null, interval: meters ? calendarFor(span) : null, average: true };
}

/** Whether a feed of this unit counts up. */
export function isMeter(unit: string): boolean {
    return /^[kM]?Wh$/i.test(unit.trim()) || /^m(3|³)$/.test(unit.trim());
}

function interval(text: string | null): Interval | null {
    const calendar = CALENDAR.find((word) => word === text);
    const seconds = number(text);
    return calendar ?? (seconds !== null && seconds >= 1 && seconds <= LONGEST ? seconds : null);
}

function number(text: string | null): number | null {
    return text !== null && /^\d{1,11}$/.test(text) ? Number(text) : null;
}
