import { afterEach, describe, expect, test, vi } from 'vitest';
import { lastDays, TWO_DAYS } from '../src/logic/days';
import { feedData } from '../src/server/feeds';

vi.mock('../src/state/clock', () => ({ setByServer: () => {} }));
vi.mock('../src/state/homes', () => ({ apiPath: (path: string) => `/${path}` }));

const HOUR = 3600;
const at = (text: string) => Date.parse(text) / 1000;
const of = (...pairs: [string, number | null][]) => ({
    times: pairs.map(([text]) => at(text)),
    values: pairs.map(([, value]) => value),
});

describe('today and yesterday', () => {
    test('are those of the home, wherever the reader is', () => {
        // Midnights of Auckland, of Los Angeles and of Kathmandu; the tests' own zone is none of them.
        for (const zone of ['+13:00', '-08:00', '+05:45']) {
            const points = of(
                [`2026-01-09T00:00:00${zone}`, 1],
                [`2026-01-10T00:00:00${zone}`, 2],
                [`2026-01-11T00:00:00${zone}`, 3],
            );
            for (const [now, hours] of [
                ['00:30:00', 0.5],
                ['23:30:00', 23.5],
            ] as const) {
                expect(lastDays(points, at(`2026-01-11T${now}${zone}`))).toEqual({
                    today: { value: 3, hours },
                    yesterday: { value: 2, hours: 24 },
                });
            }
        }
    });

    test('are as long as they are when clocks change', () => {
        const points = of(['2026-03-29T00:00:00+01:00', 5], ['2026-03-30T00:00:00+02:00', 6]);
        expect(lastDays(points, at('2026-03-30T12:00:00+02:00')).yesterday).toEqual({ value: 5, hours: 23 });
    });

    test('leave out a day that has not begun', () => {
        const points = of(['2026-01-10T00:00:00Z', 2], ['2026-01-11T00:00:00Z', 3], ['2026-01-12T00:00:00Z', null]);
        expect(lastDays(points, at('2026-01-11T06:00:00Z'))).toMatchObject({
            today: { value: 3, hours: 6 },
            yesterday: { value: 2 },
        });
    });

    test('are nothing where the answer ends earlier, or has a hole', () => {
        const now = at('2026-01-11T06:00:00Z');
        const none = { today: null, yesterday: null };
        expect(lastDays(of(), now)).toEqual(none);
        expect(lastDays(of(['2026-01-08T00:00:00Z', 9]), now)).toEqual(none);
        const hole = of(['2026-01-08T00:00:00Z', 9], ['2026-01-11T00:00:00Z', 1]);
        expect(lastDays(hole, now)).toMatchObject({ today: { value: 1 }, yesterday: null });
    });

    test('are both asked for at any hour, also of a day of 25 hours', () => {
        const [begin, end] = [at('2026-10-25T00:00:00+02:00'), at('2026-10-26T00:00:00+01:00')];
        for (let now = begin; now < end; now += HOUR / 2) expect(now - TWO_DAYS).toBeLessThan(begin);
    });
});

describe('the time zone by which emoncms cuts days', () => {
    afterEach(() => vi.unstubAllGlobals());
    const zone = async (homeDays?: boolean) => {
        const asked = vi.fn<(path: string) => Promise<Response>>(async () => new Response('[]'));
        vi.stubGlobal('fetch', asked);
        const question = { ids: ['1'], start: 0, end: 9, interval: 'daily' as const, average: false, delta: true };
        await feedData({ ...question, homeDays });
        return new URLSearchParams(asked.mock.calls[0]![0].split('?')[1]).get('timezone');
    };

    test("is its account's own where none is named, and the reader's on graphs", async () => {
        expect(await zone(true)).toBeNull();
        expect(await zone()).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone);
    });
});
