import { expect, test } from 'vitest';
import { DAY, HOUR, LONGEST, midnight, pan, pinch, select, SHORTEST, span, until, zoom } from '../src/logic/window';

const day = { start: 1_000_000, end: 1_000_000 + DAY };

test('zooming keeps what is pointed at in its place', () => {
    const at = 0.25;
    const before = day.start + at * DAY;
    const near = zoom(day, 0.5, at);
    expect(span(near)).toBe(DAY / 2);
    expect(near.start + at * span(near)).toBeCloseTo(before, 0);
    expect(zoom(near, 2, at)).toEqual(day);
});

test('nobody gets lost: neither too near, too far, nor before 1970', () => {
    expect(span(zoom(day, 1e-9))).toBe(SHORTEST);
    expect(span(zoom(day, 1e9))).toBe(LONGEST);
    expect(zoom(day, 1e9).start).toBe(0);
    expect(pan({ start: 100, end: 200 }, -50)).toEqual({ start: 0, end: 100 });
});

test('panning moves by parts of what is seen', () => {
    expect(pan(day, 0.5)).toEqual({ start: day.start + DAY / 2, end: day.end + DAY / 2 });
});

test('a selection counts in either direction, and not when it is a slip of the hand', () => {
    expect(select(day, day.start + 10 * HOUR, day.start + 2 * HOUR)).toEqual({
        start: day.start + 2 * HOUR,
        end: day.start + 10 * HOUR,
    });
    expect(select(day, day.start + 10, day.start + 10.5)).toBe(day);
    expect(span(select(day, day.start + 10, day.start + 20))).toBe(SHORTEST);
});

test('what is under two fingers stays under them', () => {
    const apart = pinch(day, [0.4, 0.6], [0.3, 0.7]);
    expect(span(apart)).toBe(DAY / 2);
    expect(apart.start + 0.5 * span(apart)).toBe(day.start + DAY / 2);
    expect(pinch(day, [0.4, 0.6], [0.5, 0.5])).toBe(day);
});

test('a window up to now ends now', () => {
    expect(until(2_000_000.4, HOUR)).toEqual({ start: 1_996_400, end: 2_000_000 });
});

test('a day begins at midnight, also where the clock changes', () => {
    const noon = new Date(2026, 2, 29, 12).getTime() / 1000;
    expect(new Date(midnight(noon) * 1000).getHours()).toBe(0);
    expect(new Date(midnight(noon, 1) * 1000).getDate()).toBe(30);
    expect(new Date(midnight(noon, -1) * 1000).getHours()).toBe(0);
});
