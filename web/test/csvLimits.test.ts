import { afterEach, describe, expect, test, vi } from 'vitest';
import { finest, fits, lines, MOST_TOGETHER, objection, SURELY_TOGETHER } from '../src/logic/csvLimits';
import { DAY, MONTH, YEAR } from '../src/logic/window';
import { canExport } from '../src/server/feeds';

vi.mock('../src/state/clock', () => ({ setByServer: () => {} }));
vi.mock('../src/state/homes', () => ({ apiPath: (path: string) => `/${path}` }));

const of = (span: number) => ({ start: 1_700_000_000, end: 1_700_000_000 + span });

describe('a file of CSV', () => {
    test('of several feeds has no more lines than emoncms gives', () => {
        expect(fits(of(MOST_TOGETHER * 10), 10, 2)).toBe(true);
        expect(fits(of(MOST_TOGETHER * 10 + 10), 10, 2)).toBe(false);
        expect(fits(of(30 * YEAR), 'daily', 2)).toBe(true);
    });

    test('of one feed may have more, up to 25 MB', () => {
        expect(fits(of(MONTH), 10, 1)).toBe(true);
        expect(fits(of(YEAR), 10, 1)).toBe(false);
    });

    test('is at first as fine as any emoncms gives it', () => {
        const steps = [10, 30, 300, 600, 3600];
        expect(finest(of(DAY / 2), steps, 2)).toBe(10);
        expect(finest(of(MONTH), steps, 2)).toBe(300);
        expect(lines(of(MONTH), 300)).toBeLessThanOrEqual(SURELY_TOGETHER);
        expect(finest(of(MONTH), steps, 1)).toBe(10);
        expect(finest(of(30 * YEAR), steps, 2)).toBeUndefined();
    });
});

describe('a refusal in the shape of a file', () => {
    test('is told from lines', () => {
        expect(objection('1700000000,12.5,null\n17000')).toBeNull();
        expect(objection('1700000000;12,5\n')).toBeNull();
        expect(objection('')).toBeNull();
        expect(objection('"request datapoint limit reached (20000)"')).toBe('request datapoint limit reached (20000)');
        expect(objection('{"success":false,"message":"Invalid interval"}')).toBe('Invalid interval');
        expect(objection(',null,null\n')).toBe(',null,null');
        expect(objection('<br />Warning')).toBe('<br />Warning');
        const notice = '<br />\n<b>Deprecated</b>:  Old habits in <b>feed.php</b> on line <b>7</b><br />\n';
        expect(objection(`${notice}${notice}1700000000,1\n`)).toBeNull();
        expect(objection(`${notice}"no such feed"`)).toBe('no such feed');
    });
});

describe('before a download', () => {
    afterEach(() => vi.unstubAllGlobals());
    const question = { ids: ['1', '2'], ...of(MONTH), interval: 300, average: false, delta: false };
    const answering = (body: string, status = 200) => {
        const asked = vi.fn<(path: string) => Promise<Response>>(async () => new Response(body, { status }));
        vi.stubGlobal('fetch', asked);
        return asked;
    };

    test('the whole range is tried, and not one line of it', async () => {
        const asked = answering('1700000000,1,2\n');
        expect(await canExport(question)).toMatchObject({ ok: true });
        expect(asked.mock.calls[0]![0]).toContain(`end=${question.end}`);
    });

    test('what emoncms has against it is said', async () => {
        answering('"request datapoint limit reached (8928)"');
        expect(await canExport(question)).toMatchObject({
            ok: false,
            refusal: { code: 'emoncms_says', message: 'request datapoint limit reached (8928)' },
        });
        answering('{"success":false,"error":"denied","message":"no"}', 403);
        expect(await canExport(question)).toMatchObject({ ok: false, refusal: { code: 'denied', status: 403 } });
    });
});
