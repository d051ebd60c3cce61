import { describe, expect, test } from 'vitest';
import { choose, fitting } from '../src/logic/interval';
import { energy, type Points } from '../src/logic/points';
import { came, questions, type Wanted } from '../src/logic/queries';

const HOUR = { start: 1_700_000_003, end: 1_700_003_603 };
const feed = (id: string, own: number | null, more: Partial<Wanted> = {}): Wanted => ({
    ...{ id, own, delta: false, meter: false },
    ...more,
});
const every = (step: number, count: number, value: (at: number) => number | null): Points => ({
    times: Array.from({ length: count }, (_, at) => at * step),
    values: Array.from({ length: count }, (_, at) => value(at)),
});

test('no step is chosen below the own of the feeds', () => {
    expect(choose(HOUR, 750, 10)).toBe(10);
    expect(choose(HOUR, 750, 60)).toBe(60);
    expect(choose(HOUR, 60, 10)).toBe(60);
});

test('a step is a whole number of the own ones of a feed', () => {
    expect([fitting(5, 10), fitting(15, 10), fitting(30, 10), fitting(15, null)]).toEqual([10, 20, 30, 15]);
});

describe('questions', () => {
    test('ask for all the points there are, and for no means of them', () => {
        expect(questions([feed('1', 10)], HOUR, 5, true)).toMatchObject([
            { ids: ['1'], interval: 10, average: false, start: 1_700_000_000, end: 1_700_003_610 },
        ]);
        expect(questions([feed('1', 10)], HOUR, 20, true)).toMatchObject([{ interval: 20, average: true }]);
    });

    test('ask for feeds of different intervals each in its own', () => {
        const asked = questions([feed('1', 10), feed('2', 60), feed('3', 10), feed('4', null)], HOUR, 10, true);
        expect(asked.map(({ ids, interval, average }) => [ids, interval, average])).toEqual([
            [['1', '3'], 10, false],
            [['2'], 60, false],
            [['4'], 10, true],
        ]);
    });

    test('ask for no mean of a meter', () => {
        expect(questions([feed('1', 10, { meter: true })], HOUR, 60, true)).toMatchObject([{ average: false }]);
    });
});

describe('energy of an hour at 1 kW', () => {
    const whole = ({ points, step }: { points: Points; step: number }) => energy(points, step, 3600);

    test('is 1 kWh where emoncms answers in the own step', () => {
        expect(
            whole(
                came(
                    every(10, 360, () => 1000),
                    10,
                    10,
                ),
            ),
        ).toBeCloseTo(1);
    });

    test('is 1 kWh where every second point is filler', () => {
        const half = came(
            every(5, 719, (at) => (at % 2 ? null : 1000)),
            5,
            null,
        );
        expect(whole(half)).toBeCloseTo(1);
        expect(half.points.values).not.toContain(null);
    });

    test('is 1 kWh where an unknown own step is longer than what was asked for', () => {
        expect(
            whole(
                came(
                    every(10, 360, () => 1000),
                    5,
                    null,
                ),
            ),
        ).toBeCloseTo(1);
    });

    test('is less where a feed of a known step was silent', () => {
        expect(
            whole(
                came(
                    every(10, 360, (at) => (at % 2 ? null : 1000)),
                    10,
                    10,
                ),
            ),
        ).toBeCloseTo(0.5);
    });
});

describe('a gap', () => {
    const without = (points: Points, from: number, to: number): Points => {
        const kept = points.times.map((time) => time < from || time > to);
        return { times: points.times.filter((_, at) => kept[at]), values: points.values.filter((_, at) => kept[at]) };
    };
    const gaps = (points: Points) => points.times.filter((_, at) => points.values[at] === null);
    const hour = every(10, 360, (at) => at);

    test('is shown where a feed of a known interval leaves out a single point', () => {
        expect(gaps(came(without(hour, 600, 600), 10, 10).points)).toEqual([600]);
        expect(gaps(came(without(hour, 600, 1800), 10, 10).points)).toEqual([600]);
        expect(gaps(came(hour, 10, 10).points)).toEqual([]);
    });

    test('is none where emoncms answers in a wider step than it was asked for', () => {
        expect(gaps(came(hour, 5, 5).points)).toEqual([]);
    });

    test('is shown where a feed without an interval is silent for much longer than it is as a rule', () => {
        expect(gaps(came(without(hour, 610, 1800), 5, null).points)).toEqual([610]);
        expect(gaps(came(without(hour, 610, 630), 5, null).points)).toEqual([]);
    });

    test('is shown in few points too', () => {
        expect(
            gaps(
                came(
                    without(
                        every(10, 200, () => 1),
                        30,
                        1980,
                    ),
                    10,
                    null,
                ).points,
            ),
        ).toEqual([30]);
    });

    test('is none in a feed that sends only what changes', () => {
        // A switch: pairs of quick changes, hours apart.
        const times = [0, 60, 7200, 7260, 20_000, 20_100, 31_000, 40_000, 40_030];
        expect(gaps(came({ times, values: times.map(() => 1) }, 60, null).points)).toEqual([]);
    });

    test('is none between months, which are of different lengths', () => {
        const starts = [0, 1, 2, 3, 4, 5].map((month) => Date.UTC(2026, month) / 1000);
        expect(gaps(came({ times: starts, values: starts.map(() => 1) }, 'monthly', 10).points)).toEqual([]);
    });

    test('is not doubled where emoncms says that there is nothing', () => {
        const said = every(10, 100, (at) => (at > 40 && at < 60 ? null : 1));
        expect(came(said, 10, 10).points).toEqual(said);
    });
});
