import { expect, test } from 'vitest';
import { aligned, bearable, calendarFor, choose, MOST_POINTS, seconds, STEPS } from '../src/logic/interval';
import { DAY, HOUR, MONTH, WEEK, YEAR } from '../src/logic/window';

const of = (span: number) => ({ start: 1_700_000_000, end: 1_700_000_000 + span });

test.each([
    [HOUR, 750, 5],
    [DAY, 750, 120],
    [WEEK, 750, 900],
    [MONTH, 750, 3600],
    [YEAR, 750, 43_200],
    [YEAR, 240, 172_800],
    [60, 750, 1],
])('%s seconds on %s points come every %s seconds', (span, points, expected) => {
    expect(choose(of(span), points)).toBe(expected);
});

test('whatever the window, no more points come than fit', () => {
    for (const span of [60, 4000, DAY, 40 * DAY, 20 * YEAR]) {
        for (const points of [60, 400, 1500]) expect(span / choose(of(span), points)).toBeLessThanOrEqual(points);
    }
});

test('steps divide days, so that points stay where they are', () => {
    for (const step of STEPS.filter((one) => one <= DAY)) expect(DAY % step).toBe(0);
    const { start, end } = aligned({ start: 1_700_000_123, end: 1_700_003_000 }, 600);
    expect([start % 600, end % 600]).toEqual([0, 0]);
    expect(start).toBeLessThanOrEqual(1_700_000_123);
    expect(end).toBeGreaterThanOrEqual(1_700_003_000);
});

test('what emoncms would refuse is not asked for', () => {
    expect(bearable(10, of(HOUR))).toBe(10);
    expect(YEAR / bearable(10, of(YEAR))).toBeLessThanOrEqual(MOST_POINTS);
});

test('bars are days, weeks, months or years', () => {
    expect([WEEK, MONTH, YEAR, 4 * YEAR, 20 * YEAR].map(calendarFor)).toEqual([
        'daily',
        'daily',
        'weekly',
        'monthly',
        'annual',
    ]);
    expect([seconds('weekly'), seconds(300)]).toEqual([WEEK, 300]);
});
