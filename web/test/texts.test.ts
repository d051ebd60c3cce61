import { describe, expect, test } from 'vitest';
import { fileName, toCsv } from '../src/logic/csv';
import { grouped, matches } from '../src/logic/groups';
import { areChoices, fromMean, guess, noChoices } from '../src/logic/roles';
import { explain, sentence } from '../src/logic/trouble';
import { browserName } from '../src/logic/browser';
import { fromLocal, toLocal } from '../src/logic/local';
import { en } from '../src/i18n/en';

test('groups come by name, their feeds as they came', () => {
    const groups = grouped(['b2', 'a10', 'a9', 'b1'], (text) => text.slice(0, -1));
    expect(groups.map(({ name }) => name)).toEqual(['a', 'a1', 'b']);
    expect(groups[2]!.items).toEqual(['b2', 'b1']);
});

test('a search finds all words, in any case, with or without accents', () => {
    expect(matches('', 'x')).toBe(true);
    expect(matches('KUCHE strom', 'Strom', 'Küche')).toBe(true);
    expect(matches('kuche gas', 'Strom', 'Küche')).toBe(false);
});

describe('a CSV of what is shown', () => {
    test('has a head line, and nothing where nothing was measured', () => {
        const table = {
            times: [0, 60],
            columns: [
                [1.5, null],
                [undefined, 2],
            ],
        };
        expect(toCsv(table, ['a', 'b'])).toBe('time,a,b\r\n1970-01-01T00:00:00Z,1.5,\r\n1970-01-01T00:01:00Z,,2\r\n');
    });

    test('holds no formulas and no broken lines, whatever feeds are called', () => {
        const [head] = toCsv({ times: [], columns: [] }, ['=HYPERLINK("x")', 'a,b', '+1']).split('\r\n');
        expect(head).toBe(`time,"'=HYPERLINK(""x"")","a,b",'+1`);
    });

    test('has a harmless file name', () => {
        expect(fileName(['../../etc/passwd', 'Küche (W)'], 'csv')).toBe('etc-passwd-Küche-W.csv');
        expect(fileName(['///'], 'png')).toBe('feeds.png');
    });
});

describe('the page Now', () => {
    const feed = (id: string, name: string, unit: string) => ({ id, name, unit, tag: '' });

    test('knows feeds by the names that they have as a rule', () => {
        const feeds = [
            feed('1', 'solar', 'W'),
            feed('2', 'solar_kwh', 'kWh'),
            feed('3', 'use', 'W'),
            feed('4', 'use_kwh', 'kWh'),
            feed('5', 'grid', 'W'),
            feed('6', 'heatpump_elec', 'W'),
            feed('7', 'heatpump_elec_kwh', 'kWh'),
            feed('8', 'heatpump_heat', 'W'),
        ];
        expect(guess(feeds)).toEqual({
            house: { power: '3', energy: '4' },
            solar: { power: '1', energy: '2' },
            heatpump: { power: '6', energy: '7' },
            grid: { power: '5', energy: '' },
        });
    });

    test('guesses nothing where nothing is alike', () => {
        expect(guess([feed('1', 'temperature', '°C'), feed('2', 'because', 'W')])).toEqual(noChoices());
    });

    test('takes back only what is of its shape', () => {
        expect(areChoices(noChoices())).toBe(true);
        for (const wrong of [null, {}, { house: { power: 1 } }, 'x']) expect(areChoices(wrong)).toBe(false);
    });

    test('computes a day from its mean', () => {
        expect(fromMean(500, 24, 'W')).toBe(12);
        expect(fromMean(0.5, 24, 'kW')).toBe(12);
        expect(fromMean(null, 24, 'W')).toBeNull();
    });
});

describe('trouble', () => {
    const told = (code: string, more = {}) =>
        explain(
            { code, message: 'what it says', status: 503, ...more },
            'feed/list',
            en.trouble,
            () => 'an hour ago',
            (time) => `${time} min`,
        );

    test('says when the home was last seen, and what to check', () => {
        expect(told('home_offline', { lastSeen: 5 })).toMatchObject({ text: 'It was last seen an hour ago.' });
        expect(told('home_offline').checks.length).toBeGreaterThan(1);
    });

    test('says for how long a home is kept away, and why', () => {
        expect(told('home_cut', { cutUntil: 4 }).text).toMatch(/sent far more than .* in about 4 min/);
    });

    test('says which endpoint is refused, and that only home can allow it', () => {
        expect(told('denied')).toMatchObject({ remedy: 'home' });
        expect(told('denied').text).toContain('feed/list');
    });

    test('that emoncms has with itself is told as its error, whatever the number', () => {
        expect(told('http_500').title).toBe(en.trouble.emoncms_fault.title);
        expect(told('http_500').text).not.toContain('500');
        expect(told('http_502').title).toBe(en.trouble.emoncms_fault.title);
    });

    test('that is new is told in its own words', () => {
        expect(told('brand_new')).toMatchObject({ title: en.trouble.other, text: 'What it says.' });
        expect(sentence({ code: 'odd', message: '', status: 500 })).toBe('Odd.');
    });
});

test('a browser is named in two words', () => {
    expect(browserName('Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0')).toBe(
        'Firefox, Linux',
    );
    expect(browserName('Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36')).toBe('Chrome, Android');
    expect(browserName('curl/8')).toBe('curl/8');
    expect(browserName('')).toBe('–');
});

test('local times go into fields and come back', () => {
    const time = Math.floor(Date.now() / 60_000) * 60;
    expect(fromLocal(toLocal(time))).toBe(time);
    expect(fromLocal('soon')).toBeNull();
});
