import { describe, expect, test } from 'vitest';
import { format, fresh, isMeter, MOST_SERIES, parse, sameData } from '../src/logic/graph';
import { DAY, MONTH } from '../src/logic/window';

const read = (text: string) => parse(new URLSearchParams(text));

test('what the address says is what it says again', () => {
    for (const text of [
        'feeds=1&span=86400',
        'feeds=1,5r,7bd,9rs&from=1700000000&to=1700086400&interval=600&average=0',
        'feeds=2bd&span=2592000&interval=daily',
        'span=3600',
    ]) {
        expect(format(read(text)).toString().replaceAll('%2C', ',')).toBe(text);
    }
});

test('nonsense in the address is as nothing', () => {
    expect(read('feeds=1,x,-2,1,<b>,3q,4&span=NaN&from=5&to=2&interval=1e9&average=no')).toEqual({
        series: [
            { id: '1', right: false, shape: 'line', delta: false },
            { id: '4', right: false, shape: 'line', delta: false },
        ],
        span: DAY,
        fixed: null,
        interval: null,
        average: true,
    });
    expect(read(`feeds=${Array.from({ length: 99 }, (_, at) => at + 1).join(',')}`).series).toHaveLength(MOST_SERIES);
    expect(read('span=1').span).toBe(60);
});

describe('a new graph', () => {
    test('has one axis for each unit', () => {
        const { series } = fresh([
            { id: '1', unit: 'W' },
            { id: '2', unit: '°C' },
            { id: '3', unit: 'W' },
        ]);
        expect(series.map(({ right }) => right)).toEqual([false, true, false]);
    });

    test('shows a meter by the day', () => {
        expect(fresh([{ id: '1', unit: 'kWh' }])).toMatchObject({
            series: [{ shape: 'bars', delta: true }],
            span: MONTH,
            interval: 'daily',
        });
        expect(
            fresh([
                { id: '1', unit: 'kWh' },
                { id: '2', unit: 'W' },
            ]),
        ).toMatchObject({ interval: null, span: DAY });
    });
});

test('meters are known by their unit', () => {
    expect(['kWh', 'Wh', 'MWh', 'm3', 'm³'].every(isMeter)).toBe(true);
    expect(['W', 'kW', '', '°C', 'kWh/m2'].some(isMeter)).toBe(false);
});

describe('points that are shown', () => {
    const shown = sameData(read('feeds=1,2&span=3600'));

    test('are old as soon as others are asked for', () => {
        for (const text of [
            'feeds=1,2&span=86400',
            'feeds=1,2&from=1700000000&to=1700003600',
            'feeds=1,2d&span=3600',
            'feeds=1&span=3600',
            'feeds=1,2&span=3600&interval=60',
            'feeds=1,2&span=3600&average=0',
        ]) {
            expect(sameData(read(text))).not.toBe(shown);
        }
        expect(sameData(read('feeds=1,2&span=3600'), { start: 0, end: 3600 })).not.toBe(shown);
    });

    test('are not old where they are only drawn otherwise', () => {
        expect(sameData(read('feeds=1rb,2s&span=3600'))).toBe(shown);
    });
});
