import { describe, expect, test } from 'vitest';
import { energy, onGrid, read, sideBySide, summary, withoutFiller } from '../src/logic/points';

const of = (...pairs: [number, number | null][]) => read(pairs);

test('what is no point is left out', () => {
    const mess = [[1, 2], 'x', null, [2, '3.5'], [2, 9], [1, 9], [3], [4, 'NaN'], ['5', null]];
    expect(read(mess)).toEqual({ times: [1, 2, 3, 4, 5], values: [2, 3.5, null, null, null] });
    expect(
        read([
            [1, 1e300],
            [2, -1e308],
            [1e300, 1],
        ]),
    ).toEqual({ times: [1, 2], values: [null, null] });
    expect(read({ success: false })).toEqual({ times: [], values: [] });
});

describe('feeds side by side', () => {
    test('share their times where they are the same', () => {
        const [a, b] = [of([1, 1], [2, null]), of([1, 5], [2, 6])];
        expect(sideBySide([a, b])).toEqual({
            times: [1, 2],
            columns: [
                [1, null],
                [5, 6],
            ],
        });
    });

    test('tell a gap from another rhythm', () => {
        const table = sideBySide([of([0, 1], [10, null], [20, 3]), of([0, 5], [15, 6])]);
        expect(table.times).toEqual([0, 10, 15, 20]);
        expect(table.columns[0]).toEqual([1, null, undefined, 3]);
        expect(table.columns[1]).toEqual([5, undefined, 6, undefined]);
    });

    test('may be none', () => {
        expect(sideBySide([])).toEqual({ times: [], columns: [] });
    });
});

test('points stand at their places, whatever is left out', () => {
    expect(onGrid(of([0, 1], [20, 3], [30, null], [99, 9]), 0, 10, 5)).toEqual([1, null, 3, null, null]);
    expect(onGrid(of([100, 1], [109, 2], [5, 3]), 100, 10, 2)).toEqual([2, null]);
});

describe('filler between rare values', () => {
    test('is no gap', () => {
        const rare = of([0, 1], [10, null], [20, null], [30, 2], [40, null]);
        expect(withoutFiller(rare, 60).times).toEqual([0, 30, 40]);
    });

    test('is one where the feed was silent for longer than it is as a rule', () => {
        const silent = of([0, 1], [10, null], [100, null], [200, 2]);
        expect(withoutFiller(silent, 60).values).toEqual([1, null, null, 2]);
    });
});

describe('a summary', () => {
    test('is of the values in the window, and of no gaps', () => {
        const points = of([0, 100], [10, 2], [20, null], [30, 8], [40, 5], [50, -100]);
        expect(summary(points, 10, 40)).toEqual({
            min: 2,
            max: 8,
            mean: 5,
            difference: 3,
            sum: 15,
            count: 3,
            last: 5,
        });
    });

    test('of nothing says nothing', () => {
        expect(summary(of([0, null]))).toMatchObject({ min: null, max: null, mean: null, difference: null, count: 0 });
    });
});

describe('energy', () => {
    test('is power times time', () => {
        expect(energy(of([0, 1000], [1800, 1000]), 1800)).toBeCloseTo(1);
        expect(energy(of([0, 500]), 3600)).toBeCloseTo(0.5);
    });

    test('does not flow in gaps, nor after now', () => {
        expect(energy(of([0, 1000], [3600, null], [7200, 1000]), 3600)).toBeCloseTo(2);
        expect(energy(of([0, 1000]), 3600, 1800)).toBeCloseTo(0.5);
        expect(energy(of([0, 1000], [36_000, 1000]), 3600)).toBeCloseTo(2);
        expect(energy(of([0, null]), 3600)).toBeNull();
    });
});
