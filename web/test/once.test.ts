import { expect, test } from 'vitest';
import { mayReload, settled } from '../src/logic/once';

function memory() {
    const kept = new Map<string, string>();
    return () => ({
        getItem: (name: string) => kept.get(name) ?? null,
        setItem: (name: string, value: string) => void kept.set(name, value),
        removeItem: (name: string) => void kept.delete(name),
    });
}

test('a page that lacks a part of itself is loaded anew once, and again only after that part has come', () => {
    const store = memory();
    expect(mayReload('graph', store)).toBe(true);
    expect(mayReload('graph', store)).toBe(false);
    settled('now', store);
    expect(mayReload('graph', store)).toBe(false);
    settled('graph', store);
    expect(mayReload('graph', store)).toBe(true);
});

test('a browser that keeps nothing is not made to load a page for ever', () => {
    const store = () => {
        throw new Error('no storage');
    };
    expect(mayReload('graph', store)).toBe(false);
    expect(() => settled('graph', store)).not.toThrow();
});
