import { expect, test } from 'vitest';
import { freshness } from '../src/logic/age';

test.each([
    [-60, 'ahead'],
    [-2, 'fresh'],
    [29, 'fresh'],
    [31, 'recent'],
    [61, 'late'],
    [3601, 'old'],
    [32 * 86_400, 'silent'],
    [null, 'silent'],
    [NaN, 'silent'],
])('a value of %s seconds is %s', (age, expected) => {
    expect(freshness(age)).toBe(expected);
});

test('a feed with an hourly value is fresh for three hours', () => {
    expect(freshness(3 * 3600 - 1, 3600)).toBe('fresh');
    expect(freshness(7 * 3600, 3600)).toBe('late');
    expect(freshness(13 * 3600, 3600)).toBe('old');
});
