import { expect, test } from 'vitest';
import { lay } from '../src/logic/legend';

test('names stand side by side as long as there is room', () => {
    expect(lay([100, 50, 60], 180, 20)).toEqual([
        { line: 0, left: 0 },
        { line: 0, left: 120 },
        { line: 1, left: 0 },
    ]);
});

test('a name that is too wide has a line of its own', () => {
    expect(lay([500, 10, 500], 100, 20).map(({ line }) => line)).toEqual([0, 1, 2]);
    expect(lay([], 100, 20)).toEqual([]);
});
