import { expect, test } from 'vitest';
import { short, some } from '../src/logic/names';

test('a name of any length is one line of a length that can be read', () => {
    expect(short('use', 10)).toBe('use');
    expect(short(' a\n b ', 10)).toBe('a b');
    expect(short('x'.repeat(5000), 10)).toBe(`${'x'.repeat(9)}…`);
    expect(short('☀️☀️'.repeat(9), 3)).toHaveLength(3);
});

test('a heading names a few feeds and counts the others', () => {
    expect(some(['a', 'b'], 3, 40)).toBe('a, b');
    expect(some(['a', 'b', 'c', 'd', 'e'], 3, 40)).toBe('a, b, c +2');
});
