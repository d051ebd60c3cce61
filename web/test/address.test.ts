import { expect, test } from 'vitest';
import { read, write } from '../src/logic/address';

const again = (hash: string) => write(read(hash));

test('an address names the view, and the home where it is not the first', () => {
    expect(read('#/inputs')).toMatchObject({ view: 'inputs', home: '' });
    expect(read('#/h/cabin/inputs')).toMatchObject({ view: 'inputs', home: 'cabin' });
    expect(read('#/h/cabin')).toMatchObject({ view: 'feeds', home: 'cabin' });
});

test('an address is written as it was read', () => {
    for (const hash of ['#/feeds', '#/graph?feeds=1,2r&span=3600', '#/h/cabin/now', '#/h/feeds/graph?feeds=1'])
        expect(again(hash)).toBe(hash);
});

test('what is malformed leads to the feeds of the first home', () => {
    for (const hash of ['', '#', '#/nowhere', '#/h/', '#/h/NO/feeds', '#/h/../feeds', `#/h/${'x'.repeat(33)}/now`])
        expect(again(hash)).toBe('#/feeds');
});
