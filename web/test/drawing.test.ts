import { describe, expect, test } from 'vitest';
import { assign, PALETTE } from '../src/logic/colours';
import { nearest, placeBefore } from '../src/logic/nearest';
import { sparkline } from '../src/logic/roles';
import { timeLabels, valueRange } from '../src/logic/ticks';

describe('colours', () => {
    test('stay with their feeds', () => {
        const kept = {};
        const [a, b] = assign(['1', '2'], kept);
        expect(assign(['2', '9', '1'], kept)).toEqual([b, 2, a]);
    });

    test('differ, also between feeds that were never shown together before', () => {
        const kept = {};
        assign(['1'], kept);
        assign(['2'], kept);
        expect(new Set(assign(['1', '2'], kept)).size).toBe(2);
    });

    test('differ in one graph, however many feeds there are', () => {
        const kept = {};
        for (let id = 0; id < 45; id += 1) assign([String(id)], kept);
        expect(new Set(assign(['0', '10', '20', '30', '40'], kept)).size).toBe(5);
        expect(Math.max(...assign(['44'], kept))).toBeLessThan(PALETTE.length);
    });
});

describe('what is pointed at', () => {
    const points = { times: [0, 10, 20], values: [1, null, 3] };

    test('is the nearest point of a line', () => {
        expect(nearest(points, 16, 10, false)).toEqual({ time: 20, value: 3 });
        expect(nearest(points, 13, 10, false)).toEqual({ time: 10, value: null });
    });

    test('is the bar that one is in', () => {
        expect(nearest(points, 29, 10, true)).toEqual({ time: 20, value: 3 });
        expect(nearest(points, 9, 10, true)).toEqual({ time: 0, value: 1 });
    });

    test('is nothing far from all', () => {
        expect(nearest(points, 90, 10, false)).toBeNull();
        expect(nearest(points, -1, 10, true)).toBeNull();
        expect(nearest({ times: [], values: [] }, 5, 10, false)).toBeNull();
    });

    test.each([
        [-1, -1],
        [0, 0],
        [9, 0],
        [20, 2],
        [99, 2],
    ])('%s comes after the point at %s', (time, place) => {
        expect(placeBefore(points.times, time)).toBe(place);
    });
});

test('an axis has zero where that is near, and always under bars', () => {
    expect(valueRange(3, 100, false)[0]).toBe(0);
    expect(valueRange(90, 100, false)[0]).toBeGreaterThan(80);
    expect(valueRange(90, 100, true)[0]).toBe(0);
    expect(valueRange(-50, 100, false)[0]).toBeLessThan(-50);
    expect(valueRange(20, 20, false)[0]).toBeLessThan(20);
    expect(valueRange(0, 0, false)[1]).toBeGreaterThan(0);
    expect(valueRange(null, null, false)).toEqual([0, 1]);
});

test('times are told once what day it is', () => {
    const noon = new Date(2026, 10, 22, 12).getTime() / 1000;
    const hours = timeLabels([noon, noon + 3600, noon + 13 * 3600], 3600, 'en-GB');
    expect(hours).toEqual(['12:00\n22 Nov', '13:00', '01:00\n23 Nov']);
    expect(timeLabels([noon, noon + 86_400], 86_400, 'en-GB')).toEqual(['22 Nov\n2026', '23 Nov']);
    expect(timeLabels([noon], 366 * 86_400, 'en-GB')).toEqual(['2026']);
});

test('a small curve leaves gaps open', () => {
    expect(sparkline([0, null, 10], 0, 10)).toBe('M0.0 29.0M100.0 1.0');
    expect(sparkline([], 0, 1)).toBe('');
});
