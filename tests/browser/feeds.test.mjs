// The feed list and everything that can go wrong with it, through the whole chain.
import assert from 'node:assert/strict';
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

const real = () => stage.real && 'needs the stand-in';

test('a wrong password is told, the right one shows the feeds', async () => {
    const visitor = await browser.visitor(stage);
    const { page } = visitor;
    await page.goto('/');
    await page.getByLabel('Name').fill(stage.username);
    await page.getByLabel('Password').fill('guess');
    await page.keyboard.press('Enter');
    await page.getByText('The name or the password is wrong.').waitFor();
    await visitor.signIn();
    await page.locator('.feed .value').first().waitFor();
    await visitor.leave();
});

test('the first value comes after one request to the home', async () => {
    const owner = await browser.owner(stage);
    await owner.page.locator('.feed .value').first().waitFor();
    owner.requests.length = 0;
    await owner.page.goto('/');
    await owner.page.reload();
    owner.requests.length = 0;
    await owner.page.reload();
    await owner.page.locator('.feed .value').first().waitFor();
    assert.equal(owner.relayed().length, 1, owner.relayed().join());
    const all = owner.requests.map(({ pathname }) => pathname);
    assert.ok(all.every((name) => new URL(name, stage.url).origin === new URL(stage.url).origin));
    console.log(
        `    until the first value: ${all.length} requests, ${owner.relayed().length} of them relayed: ${all.join(' ')}`,
    );
    await owner.leave();
});

test('feeds stand in groups that stay closed, and a search finds them', async () => {
    const owner = await browser.owner(stage);
    const { page } = owner;
    const group = page.locator('.group').first();
    await page.locator('.feed').first().waitFor();
    const rows = await page.locator('.feed').count();
    await group.getByRole('button', { expanded: true }).first().click();
    await page.waitForFunction((before) => document.querySelectorAll('.feed').length < before, rows);
    const closed = await page.locator('.feed').count();
    await page.reload();
    await page.locator('.feed').first().waitFor();
    assert.equal(await page.locator('.feed').count(), closed);
    await page.getByLabel('Open all groups').or(page.getByLabel('Close all groups')).first().waitFor();
    const name = (await page.locator('.feed .name').first().innerText()).trim();
    await page.getByLabel('Search feeds').fill(name.toUpperCase());
    await page.getByText(/^\d+ of \d+ feeds$/).waitFor();
    assert.ok((await page.locator('.feed .name').allInnerTexts()).some((text) => text.trim() === name));
    await page.getByLabel('Search feeds').fill('nothing is called so');
    await page.getByText('No feed matches your search.').waitFor();
    await owner.leave();
});

test('several feeds go into one graph', async () => {
    const owner = await browser.owner(stage);
    const { page } = owner;
    const boxes = page.locator('.feed input[type=checkbox]');
    await boxes.nth(0).check();
    await boxes.nth(1).check();
    await page.getByText('2 feeds selected').waitFor();
    await page.getByRole('button', { name: 'Graph' }).click();
    await page.locator('.u-over').waitFor();
    assert.match(page.url(), /#\/graph\?feeds=\d+\w*,\d+/);
    await owner.leave();
});

test('the list says at once that the home has gone, keeps what it showed, and comes back by itself', async () => {
    const owner = await browser.owner(stage);
    const { page } = owner;
    await page.locator('.feed .value').first().waitFor();
    await stage.order('leave');
    await page.getByRole('heading', { name: 'Your home is not connected' }).waitFor({ timeout: 8000 });
    await page.getByText('Shown is what came at').waitFor();
    assert.ok((await page.locator('.stale .feed').count()) > 0, 'greyed, and still there');
    await owner.picture('feeds-home-away');
    await stage.order('arrive');
    await page
        .getByRole('heading', { name: 'Your home is not connected' })
        .waitFor({ state: 'detached', timeout: 8000 });
    await owner.leave();
});

test('whoever comes while the home is away reads when it was last seen and what to check', async () => {
    const owner = await browser.owner(stage);
    await stage.order('leave');
    await owner.page.reload();
    await owner.page.getByText('It was last seen').waitFor();
    await owner.page.getByText('What to check').waitFor();
    await owner.picture('trouble-home-away');
    assert.deepEqual(await owner.faults(), []);
    await stage.order('arrive');
    await owner.page.locator('.feed').first().waitFor();
    await owner.leave();
});

test('an endpoint that the home refuses is named, with where to allow it', async () => {
    const owner = await browser.owner(stage);
    await stage.order('allow', JSON.stringify({ 'feed/list': 'read' }));
    await owner.open('#/inputs');
    await owner.page.getByText('input/list is not in the list of what may be seen').waitFor();
    await owner.page.getByText('Setup → Remote Access → Permissions').waitFor();
    await owner.picture('trouble-refused');
    await stage.order('allow', JSON.stringify({ 'feed/*': 'read', 'input/*': 'read' }));
    await owner.page.getByRole('button', { name: 'Try again' }).click();
    await owner.page.getByRole('heading', { name: 'emontx' }).waitFor();
    await owner.leave();
});

test('an emoncms that is down, or answers with a page, is told apart from a home that is away', async (t) => {
    if (real()) return t.skip(real());
    const owner = await browser.owner(stage);
    await stage.order('down');
    await owner.page.reload();
    await owner.page.getByText('emoncms at home does not answer').waitFor();
    await owner.picture('trouble-emoncms-down');
    await stage.order('up');
    await stage.order('fault', 'feed/list', 'html');
    await owner.page.getByRole('button', { name: 'Try again' }).click();
    await owner.page.getByText('Your home sent an answer that cannot be read').waitFor();
    await stage.order('behave');
    await owner.page.getByRole('button', { name: 'Try again' }).click();
    await owner.page.locator('.feed').first().waitFor();
    return owner.leave();
});

test('a home that is slow is told to be', async (t) => {
    if (real()) return t.skip(real());
    const owner = await browser.owner(stage);
    await stage.order('fault', 'feed/list', 'slow');
    await owner.page.reload();
    await owner.page.getByText('Your home is taking its time…').waitFor();
    await stage.order('behave');
    await owner.page.locator('.feed').first().waitFor();
    return owner.leave();
});

test('a server that cannot be reached leaves the list on the screen', async () => {
    const owner = await browser.owner(stage);
    await owner.page.locator('.feed').first().waitFor();
    await owner.context.setOffline(true);
    await owner.page.getByText('The server cannot be reached').waitFor({ timeout: 25_000 });
    assert.ok((await owner.page.locator('.feed').count()) > 0);
    await owner.context.setOffline(false);
    await owner.page.getByText('The server cannot be reached').waitFor({ state: 'detached', timeout: 25_000 });
    await owner.leave();
});

test('names from home are text, whatever they are', async (t) => {
    if (real()) return t.skip(real());
    const evil = '<img src=x onerror="window.hurt=1"><script>window.hurt=1</script>{{7*7}}';
    const feed = {
        id: '1',
        name: evil,
        tag: evil,
        unit: evil,
        value: 1,
        time: 1,
        engine: evil,
        size: '1',
        public: '',
    };
    const input = {
        id: '1',
        nodeid: evil,
        name: evil,
        description: evil,
        processList: '',
        value: 1,
        time: 1,
    };
    await stage.order(
        'say',
        'feed/list',
        JSON.stringify([feed, { id: 'x' }, null, 7, { ...feed, id: '2', name: '\u202eevil' }]),
    );
    await stage.order('say', 'input/list', JSON.stringify([input]));
    const owner = await browser.owner(stage);
    const { page } = owner;
    for (const view of ['#/feeds', '#/inputs', '#/graph?feeds=1', '#/now']) {
        await owner.open(view);
        if (view !== '#/now') await page.getByText(evil).first().waitFor();
        else await page.getByRole('button', { name: 'Choose feeds' }).waitFor();
        assert.equal(await page.evaluate(() => window.hurt), undefined, view);
        assert.equal(await page.locator('main img, main script').count(), 0, view);
    }
    await stage.order('behave');
    return owner.leave();
});

test('a phone shows all of it without scrolling sideways', async () => {
    const owner = await browser.owner(stage, LOOKS.phone);
    for (const view of ['#/feeds', '#/graph?feeds=1,2r', '#/now', '#/inputs', '#/account']) {
        await owner.open(view);
        await owner.page.locator('h1').waitFor();
        if (view.startsWith('#/graph')) await owner.page.getByText('Updated at').waitFor();
        // The window's own innerWidth grows along with a page that is too wide for a phone.
        const wide = await owner.page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= LOOKS.phone.viewport.width, `${view} is ${wide} wide`);
    }
    await owner.leave();
});

test('the keyboard goes everywhere', async () => {
    const owner = await browser.owner(stage);
    const { page } = owner;
    await page.locator('.feed').first().waitFor();
    const seen = new Set();
    for (let at = 0; at < 60; at += 1) {
        await page.keyboard.press('Tab');
        const what = await page.evaluate(() => {
            const one = document.activeElement;
            if (one === document.body) return { label: '' };
            const outline = getComputedStyle(one).outlineStyle;
            const label =
                one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.[0]?.textContent.trim();
            return { label, outline };
        });
        if (what.label) seen.add(what.label);
        if (what.label) assert.notEqual(what.outline, 'none', `${what.label} shows that it is meant`);
    }
    for (const wanted of ['Graph', 'Inputs', 'Account', 'Search feeds']) {
        assert.ok(
            [...seen].some((label) => label.includes(wanted)),
            `${wanted} is reached`,
        );
    }
    await owner.leave();
});

test('a view that cannot be fetched says that the server is away, and comes by itself once it is there', async () => {
    const owner = await browser.owner(stage);
    const { page, context } = owner;
    await context.route('**/*', (route) => route.abort());
    await page.evaluate(() => (location.hash = '#/inputs'));
    await page.getByRole('heading', { name: 'The server cannot be reached' }).waitFor();
    await page.locator('.picker').getByText('Unknown').waitFor();
    await context.unroute('**/*');
    await page.getByRole('heading', { name: 'Inputs', exact: true }).waitFor();
    await page.locator('.picker').getByText('Online').waitFor();
    owner.forgive(/^Error: Unable to preload CSS|^TypeError: Failed to fetch dynamically imported module/);
    await owner.leave();
});

test('a view that is gone for good loads the page anew once, and not for ever', async () => {
    const owner = await browser.owner(stage);
    const { page, context } = owner;
    let loads = 0;
    page.on('load', () => (loads += 1));
    await context.route(/\/Account-[^/]*\.js/, (route) => route.fulfill({ status: 404 }));
    const reloaded = page.waitForEvent('load');
    await page.evaluate(() => (location.hash = '#/account'));
    await reloaded;
    const asked = () => page.waitForRequest((request) => request.url().endsWith('/-/session'));
    await page.getByRole('heading', { name: 'This view has been renewed' }).waitFor();
    await owner.picture('trouble-renewed');
    await asked();
    await asked();
    assert.equal(loads, 1);
    owner.forgive(/^TypeError: Failed to fetch dynamically imported module/);
    await owner.leave();
});
