import { describe, expect, test } from 'vitest';
import { inBytes, inDigits, toNumber, toText, toTime } from '../src/logic/number';

test.each([
    ['12.5', 12.5],
    [3, 3],
    [' ', null],
    ['', null],
    [null, null],
    [true, null],
    ['abc', null],
    [NaN, null],
    ['Infinity', null],
])('%j is the number %s', (given, expected) => {
    expect(toNumber(given)).toBe(expected);
});

test('a time is one that calendars know', () => {
    expect([0, -5, 1e300, 'x', '1700000000', 1.5e9].map(toTime)).toEqual([0, null, null, null, 1.7e9, 1.5e9]);
});

test('a text is a text or a number, and nothing else', () => {
    expect(['a', 7, null, {}, [[['deep']]], true].map(toText)).toEqual(['a', '7', '', '', '', '']);
});

describe('digits', () => {
    test.each([
        [1234.56, '1,235'],
        [123.456, '123.5'],
        [12.345, '12.35'],
        [0.004, '0'],
        [-0.004, '0'],
        [-1500, '-1,500'],
        [1.5e300, '1.5E300'],
        [-1e13, '-1E13'],
        [null, '–'],
    ])('%s reads %s', (value, expected) => {
        expect(inDigits(value, 'en')).toBe(expected);
    });

    test('are written as the reader writes them', () => {
        expect(inDigits(1234.5, 'de')).toBe('1.235');
        expect(inDigits(12.5, 'de')).toBe('12,5');
    });
});

test.each([
    [0, '0 B'],
    [999, '999 B'],
    [4_200, '4.2 kB'],
    [483_856, '484 kB'],
    [12_500_000, '13 MB'],
    [null, '–'],
])('%s bytes read %s', (bytes, expected) => {
    expect(inBytes(bytes, 'en')).toBe(expected);
});
