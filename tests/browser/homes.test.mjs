// An account with two homes: what belongs to one never shows up at the other.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Browser, LOOKS } from './lib/browser.mjs';
import { Stage } from './lib/stage.mjs';

const feed = (id, name) => ({
    ...{ id, name, tag: 'cabin', unit: 'W', engine: '5', size: '1000', public: '' },
    ...{ value: 7, time: Math.floor(Date.now() / 1000) },
});
/** The numbers that the first home has too, for something else. */
const FEEDS = [feed('1', 'stove'), feed('2', 'pump')];

let stage;
let browser;
before(async () => {
    browser = await Browser.start();
    stage = await Stage.start();
    await stage.order('another', 'cabin', JSON.stringify(FEEDS));
});
afterEach(() => stage.order('restore'));
after(async () => {
    await browser?.stop();
    await stage?.stop();
});

const choose = (page, index) => page.getByLabel('Home', { exact: true }).selectOption({ index });
const feedNamed = (page, name) => page.locator('.feed .name', { hasText: name });
const hash = (page) => new URL(page.url()).hash;

test('the address names the home, and back, forward and a reload keep to it', async () => {
    const owner = await browser.owner(stage);
    const { page } = owner;
    await feedNamed(page, 'solar').first().waitFor();
    assert.equal(hash(page), '#/feeds');
    await choose(page, 1);
    await feedNamed(page, 'stove').waitFor();
    assert.equal(hash(page), '#/h/cabin/feeds');
    await page.getByRole('link', { name: 'Inputs' }).click();
    await page.getByRole('heading', { name: 'Inputs', exact: true }).waitFor();
    assert.equal(hash(page), '#/h/cabin/inputs');
    await page.goBack();
    await feedNamed(page, 'stove').waitFor();
    await page.goBack();
    await feedNamed(page, 'solar').first().waitFor();
    assert.equal(await feedNamed(page, 'stove').count(), 0);
    await page.goForward();
    await feedNamed(page, 'stove').waitFor();
    await page.reload();
    await feedNamed(page, 'stove').waitFor();
    assert.equal(hash(page), '#/h/cabin/feeds');
    await owner.leave();
});

test('another home is asked for its feeds once, and for nothing of the first', async () => {
    const owner = await browser.owner(stage);
    const { page } = owner;
    await feedNamed(page, 'solar').first().waitFor();
    await page.waitForFunction(() => document.querySelector('.picker select'));
    owner.requests.length = 0;
    await choose(page, 1);
    await feedNamed(page, 'stove').waitFor();
    assert.deepEqual(owner.relayed(), ['/-/h/cabin/feed/list.json']);
    await owner.leave();
});

test('ticked feeds and the graph stay with their home', async () => {
    const owner = await browser.owner(stage);
    const { page } = owner;
    await page.locator('.feed input[type=checkbox]').first().check();
    await page.getByText('1 feed selected').waitFor();
    await choose(page, 1);
    await feedNamed(page, 'stove').waitFor();
    assert.equal(await page.locator('.feed input:checked').count(), 0, 'nothing is ticked at the other home');
    await page.locator('.feed input[type=checkbox]').nth(1).check();
    await page.getByRole('button', { name: 'Graph' }).click();
    await page.getByRole('heading', { name: 'pump' }).waitFor();
    assert.match(hash(page), /^#\/h\/cabin\/graph\?feeds=2/);

    await choose(page, 0);
    await page.getByText('No feeds in this graph').waitFor();
    assert.equal(hash(page).split('?')[0], '#/graph');
    await choose(page, 1);
    await page.getByRole('heading', { name: 'pump' }).waitFor();
    await choose(page, 0);
    await page.getByRole('link', { name: 'Feeds', exact: true }).click();
    await page.getByText('1 feed selected').waitFor();
    await owner.leave();
});

test('a copied link opens the home that it names, wherever its reader was last', async () => {
    const owner = await browser.owner(stage);
    await owner.open('#/h/cabin/graph?feeds=1&span=3600');
    await owner.page.getByRole('heading', { name: 'stove' }).waitFor();
    await owner.leave();

    const other = await browser.visitor(stage);
    await other.page.goto('/#/h/cabin/feeds');
    await other.page.getByLabel('Name').fill(stage.username);
    await other.page.getByLabel('Password').fill(stage.password);
    await other.page.keyboard.press('Enter');
    await feedNamed(other.page, 'stove').waitFor();
    await other.open('#/feeds');
    await feedNamed(other.page, 'solar').first().waitFor();
    await other.leave();
});

test('whoever comes without an address sees the home that was chosen last', async () => {
    const owner = await browser.owner(stage);
    const { page } = owner;
    await feedNamed(page, 'solar').first().waitFor();
    await choose(page, 1);
    await feedNamed(page, 'stove').waitFor();
    await page.goto('about:blank');
    await page.goto('/');
    await feedNamed(page, 'stove').waitFor();
    await choose(page, 0);
    await feedNamed(page, 'solar').first().waitFor();
    await owner.leave();
});

test('a link to a home that is not there says so, and leads to the first', async () => {
    const owner = await browser.owner(stage);
    const { page } = owner;
    await owner.open('#/h/castle/feeds');
    await page.getByRole('heading', { name: 'There is no such home' }).waitFor();
    assert.equal(await page.locator('.feed').count(), 0, 'nothing of another home');
    assert.deepEqual(await owner.faults(), []);
    await page.getByRole('button', { name: 'To your first home' }).click();
    await feedNamed(page, 'solar').first().waitFor();
    await owner.leave();
});

test('whose home is cut off is told so, and for how long', async () => {
    const owner = await browser.owner(stage);
    const { page } = owner;
    await page.route('**/-/homes', async (route) => {
        const response = await route.fetch();
        const homes = await response.json();
        homes[0].cut_until = Math.floor(Date.now() / 1000) + 230;
        await route.fulfill({ response, json: homes });
    });
    await page.route('**/feed/list.json*', (route) =>
        route.fulfill({
            status: 503,
            headers: { 'X-Request-Id': 'x' },
            json: { success: false, error: 'home_offline', message: 'it is away' },
        }),
    );
    await owner.open('#/account');
    await page.reload();
    const homes = page.getByRole('region', { name: 'Homes', exact: true });
    await homes.getByText('cut off for 4 min more').waitFor();
    await owner.picture('account-cut-off');
    await owner.open('#/feeds');
    await page.getByRole('heading', { name: 'Your home is cut off for now' }).waitFor();
    await page.getByText('lets it in again in about 4 min').waitFor();
    assert.deepEqual(await owner.faults(), []);
    await owner.picture('trouble-cut-off');
    await owner.leave();
});

test('homes of the same title can be told apart', async () => {
    const owner = await browser.owner(stage);
    const { page } = owner;
    await owner.open('#/account');
    const homes = page.getByRole('region', { name: 'Homes', exact: true }).getByRole('listitem');
    const title = await homes.first().getByRole('heading').innerText();
    await homes.nth(1).getByRole('button', { name: 'Rename' }).click();
    await page.getByLabel('New name').fill(title.toUpperCase());
    await page.getByRole('button', { name: 'Save' }).click();
    await homes
        .nth(1)
        .getByRole('heading', { name: `${title.toUpperCase()} (cabin)` })
        .waitFor();
    const options = await page.getByLabel('Home', { exact: true }).locator('option').allInnerTexts();
    assert.equal(new Set(options).size, 2, options.join());
    await owner.leave();
});

test('on a phone too the home can be changed', async () => {
    const owner = await browser.owner(stage, LOOKS.phone);
    await choose(owner.page, 1);
    await feedNamed(owner.page, 'stove').waitFor();
    await owner.picture('homes-phone');
    const wide = await owner.page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= LOOKS.phone.viewport.width, `${wide} wide`);
    await owner.leave();
});
