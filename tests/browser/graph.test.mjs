// The graph, through the whole chain.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import { Browser, LOOKS } from './lib/browser.mjs';
import { Stage } from './lib/stage.mjs';

let stage;
let browser;
before(async () => {
    browser = await Browser.start();
    stage = await Stage.start();
});
afterEach(() => stage.order('restore'));
after(async () => {
    await browser?.stop();
    await stage?.stop();
});

const query = (page) => new URLSearchParams(page.url().split('?')[1]);
const drawn = (page) => page.waitForFunction(() => document.querySelector('dl dd')?.textContent !== '–');
/** Waits for what is asked of home next, and tells it. */
const asked = (page, wanted = /feed\/data/) =>
    page.waitForRequest((request) => wanted.test(request.url())).then((request) => new URL(request.url()).searchParams);

async function graph(look, words = 'feeds=1&span=86400') {
    const owner = await browser.owner(stage, look);
    const first = asked(owner.page);
    await owner.open(`#/graph?${words}`);
    const { page } = owner;
    await page.locator('.u-over').waitFor();
    const question = await first;
    await drawn(page);
    return { owner, page, question };
}

test('a day is asked for in as many points as the screen can show', async () => {
    const { owner, question } = await graph();
    const [start, end, interval] = ['start', 'end', 'interval'].map((name) => Number(question.get(name)));
    assert.ok(Math.abs(end - start - 86_400) < 600);
    const points = (end - start) / interval;
    assert.ok(points > 300 && points < 1100, `${points} points`);
    await owner.leave();
});

test('dragging over a part of it zooms there, and the address keeps it', async () => {
    const { owner, page } = await graph();
    const { x, y, width } = await page.locator('.u-over').boundingBox();
    const next = asked(page);
    await page.mouse.move(x + width * 0.25, y + 80);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.4, y + 90, { steps: 5 });
    await page.mouse.move(x + width * 0.5, y + 90, { steps: 5 });
    await page.mouse.up();
    const question = await next;
    const [from, to] = [Number(query(page).get('from')), Number(query(page).get('to'))];
    assert.ok(Math.abs(to - from - 21_600) < 600, `${to - from} s`);
    assert.ok(Number(question.get('interval')) < 120, 'with finer points');
    await page.reload();
    await page.locator('.u-over').waitFor();
    assert.equal(Number(query(page).get('from')), from);
    await page.goBack();
    await page.waitForFunction(() => location.hash.includes('span=86400'));
    await owner.leave();
});

test('wheel, keys and buttons move in time, and what is no longer needed is not waited for', async () => {
    const { owner, page } = await graph();
    const { x, y, width } = await page.locator('.u-over').boundingBox();
    await page.mouse.move(x + width / 2, y + 100);
    await page.mouse.wheel(0, -300);
    await page.waitForFunction(() => location.hash.includes('from='));
    const span = () => Number(query(page).get('to')) - Number(query(page).get('from'));
    assert.ok(span() < 86_400 * 0.6, `${span()} s after the wheel`);
    const before = Number(query(page).get('from'));
    await page.locator('.box').focus();
    await page.keyboard.press('ArrowLeft');
    await page.waitForFunction(
        (from) => Number(new URLSearchParams(location.hash.split('?')[1]).get('from')) < from,
        before,
    );
    await page.getByLabel('Zoom out').click();
    await page.locator('.box').focus();
    await page.keyboard.press('0');
    await page.waitForFunction(() => location.hash.includes('span='));
    if (!stage.real) {
        const cancelled = page.waitForEvent('requestfailed', (request) => request.url().includes('feed/data'));
        await stage.order('fault', 'feed/data', 'hang');
        const next = asked(page);
        await page.getByRole('button', { name: 'Week' }).click();
        await next;
        await page.getByRole('button', { name: 'Month' }).click();
        await cancelled;
        await stage.order('behave');
    }
    await owner.leave();
});

test('fingers pan and pinch', async () => {
    const { owner, page } = await graph(LOOKS.phone);
    const { x, y, width } = await page.locator('.u-over').boundingBox();
    const devtools = await owner.context.newCDPSession(page);
    const touch = (type, ...points) =>
        devtools.send('Input.dispatchTouchEvent', {
            type,
            touchPoints: points.map(([part], id) => ({
                x: x + width * part,
                y: y + 120,
                id,
            })),
        });
    await touch('touchStart', [0.3]);
    for (const part of [0.4, 0.5, 0.6, 0.7]) await touch('touchMove', [part]);
    await touch('touchEnd');
    await page.waitForFunction(() => location.hash.includes('from='));
    const panned = query(page);
    assert.ok(Number(panned.get('to')) < Date.now() / 1000 - 3600, 'to the past');
    await touch('touchStart', [0.4], [0.6]);
    for (const by of [0.05, 0.1, 0.15, 0.2]) await touch('touchMove', [0.4 - by], [0.6 + by]);
    await touch('touchEnd');
    await page.waitForFunction((hash) => location.hash !== hash, `#/graph?${panned}`.replaceAll('%2C', ','));
    const span = Number(query(page).get('to')) - Number(query(page).get('from'));
    assert.ok(span < 86_400 * 0.7, `${span} s`);
    await owner.leave();
});

test('a home that is slow is told to be, on the graph too', async (t) => {
    if (stage.real) return t.skip('needs the stand-in');
    const { owner, page } = await graph();
    await stage.order('fault', 'feed/data', 'slow');
    await page.getByRole('button', { name: 'Week' }).click();
    await page.getByText('Your home is taking its time…').waitFor();
    await owner.picture('graph-slow');
    await page.getByText('Your home is taking its time…').waitFor({ state: 'detached' });
    await owner.leave();
});

test('what an engine leaves out is a gap, and not a line across it', async (t) => {
    if (stage.real) return t.skip('needs the stand-in');
    const [end, hole] = [Math.floor(Date.now() / 600_000) * 600, [36, 60]];
    const times = Array.from({ length: 144 }, (_, at) => end - 86_400 + at * 600);
    const data = times.map((time, at) => [time, 200 + at]).filter((_, at) => at < hole[0] || at > hole[1]);
    await stage.order('say', 'feed/data', JSON.stringify([{ feedid: '1', data }]));
    const { owner, page } = await graph();
    const file = page.waitForEvent('download');
    await page.getByRole('button', { name: 'CSV as shown' }).click();
    const lines = fs.readFileSync(await (await file).path(), 'utf8').split('\r\n');
    assert.equal(lines.filter((line) => line.endsWith(',')).length, 1, 'one gap');
    await owner.picture('graph-gap');
    await owner.leave();
});

test('the pointer reads values, and statistics stand below', async () => {
    const { owner, page } = await graph();
    const { x, y, width } = await page.locator('.u-over').boundingBox();
    await page.mouse.move(x + width * 0.4, y + 100);
    await page.locator('.tip strong').first().waitFor();
    assert.match(await page.locator('.tip').innerText(), /\d+ W/);
    const [min, max, mean] = (await page.locator('li dl').first().locator('dd').allInnerTexts())
        .slice(0, 3)
        .map((text) => Number(text.replaceAll(',', '')));
    assert.ok(min <= mean && mean <= max && max > 0, `${min} ${mean} ${max}`);
    await owner.leave();
});

test('a meter is shown by the day', async (t) => {
    if (stage.real) return t.skip('needs a meter');
    const owner = await browser.owner(stage);
    const { page } = owner;
    const next = asked(page);
    await page.getByRole('button', { name: 'solar_kwh', exact: true }).click();
    const question = await next;
    assert.equal(question.get('interval'), 'daily');
    assert.equal(question.get('delta'), '1');
    await drawn(page);
    const max = Number((await page.locator('li dl dd').nth(1).innerText()).replaceAll(',', ''));
    assert.ok(max > 0 && max < 60, `${max} kWh a day`);
    return owner.leave();
});

test('feeds are added, moved to the other axis, drawn otherwise, and taken away', async () => {
    const { owner, page } = await graph();
    await page.getByLabel('Add a feed').selectOption({ index: 1 });
    await page.waitForFunction(() => /feeds=1,\d+/.test(location.hash));
    const row = page.locator('section li').nth(1);
    await row.locator('select').nth(1).selectOption('right');
    await page.waitForFunction(() => /feeds=1,\d+r/.test(location.hash));
    await row.locator('select').first().selectOption('steps');
    await page.waitForFunction(() => /feeds=1,\d+rs/.test(location.hash));
    await page
        .getByLabel(/^Remove /)
        .first()
        .click();
    await page.waitForFunction(() => /feeds=\d+rs(&|$)/.test(location.hash));
    await owner.leave();
});

test('what is shown is saved as CSV and as a picture', async () => {
    const { owner, page } = await graph();
    const file = page.waitForEvent('download');
    await page.getByRole('button', { name: 'CSV as shown' }).click();
    const csv = fs.readFileSync(await (await file).path(), 'utf8');
    const [head, first] = csv.split('\r\n');
    assert.match(head, /^\ufefftime,/);
    assert.match(first, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ,-?\d/);
    const picture = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Picture' }).click();
    const bytes = fs.readFileSync(await (await picture).path());
    assert.deepEqual([...bytes.subarray(1, 4)], [...Buffer.from('PNG')]);
    fs.writeFileSync(owner.pathOf('saved-one'), bytes);
    await owner.open('#/graph?feeds=1,3,5r,2,4&span=86400');
    await page.waitForFunction(() =>
        [...document.querySelectorAll('li dl')].every((one) => one.querySelector('dd').textContent !== '–'),
    );
    const more = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Picture' }).click();
    const legend = fs.readFileSync(await (await more).path());
    fs.writeFileSync(owner.pathOf('saved-many'), legend);
    const height = (png) => png.readUInt32BE(20);
    assert.ok(height(bytes) > 300 && height(legend) >= height(bytes), 'with room for the legend');
    await owner.leave();
});

test('CSV comes straight from home, and a refusal of it is told before', async () => {
    const { owner, page } = await graph();
    await page.getByRole('button', { name: 'CSV from home' }).click();
    const file = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download', exact: true }).click();
    // A PHP newer than its emoncms begins files with complaints where it is told to show them.
    const complaint = (line) => stage.real && /^$|^<br|<b>/.test(line);
    const lines = fs
        .readFileSync(await (await file).path(), 'utf8')
        .trim()
        .split('\n')
        .filter((line) => !complaint(line));
    assert.ok(lines.length > 8000, `${lines.length} lines`);
    assert.match(lines[0], /^\d{4}-\d\d-\d\dT.*,-?\d/);

    await stage.order('allow', JSON.stringify({ 'feed/list': 'read', 'feed/data': 'read' }));
    await page.getByRole('button', { name: 'CSV from home' }).click();
    await page.getByRole('button', { name: 'Download', exact: true }).click();
    await page.getByText('feed/csvexport is not in the list').waitFor();
    await stage.order('allow', JSON.stringify({ 'feed/*': 'read', 'input/*': 'read' }));
    await owner.leave();
});

test('Now shows power, today and yesterday of the feeds that were picked, and remembers them', async (t) => {
    if (stage.real) return t.skip('needs its feeds');
    const owner = await browser.owner(stage);
    const { page } = owner;
    await owner.open('#/now');
    const solar = page.locator('.tile', {
        has: page.getByRole('heading', { name: 'Solar' }),
    });
    await solar.locator('dd').nth(1).getByText(/^\d/).waitFor();
    const yesterday = parseFloat(await solar.locator('dd').nth(1).innerText());
    assert.ok(yesterday > 0 && yesterday < 60, `${yesterday} kWh`);
    await page.getByRole('button', { name: 'Choose feeds' }).click();
    await page.getByRole('group', { name: 'Solar' }).getByLabel('Power').selectOption('');
    await page.getByRole('group', { name: 'Solar' }).getByLabel('Energy meter').selectOption('');
    await page.getByRole('button', { name: 'Save' }).click();
    await solar.waitFor({ state: 'detached' });
    await page.reload();
    await page.locator('.tile').first().waitFor();
    assert.equal(await solar.count(), 0);
    return owner.leave();
});
