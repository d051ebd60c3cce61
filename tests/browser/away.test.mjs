// A server that is away, or half away: as behind a proxy, which answers in its place.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Browser } from './lib/browser.mjs';
import { Front } from './lib/front.mjs';
import { Stage } from './lib/stage.mjs';

let stage;
let front;
let browser;
before(async () => {
    browser = await Browser.start();
    stage = await Stage.start();
    front = await Front.before(stage.url);
});
afterEach(async () => {
    front.mend();
    await stage.order('restore');
});
after(async () => {
    await browser?.stop();
    await front?.stop();
    await stage?.stop();
});

/** Somebody who sees the feeds, through the proxy. */
async function owner() {
    const owner = await browser.owner({ ...stage, url: front.url });
    await owner.page.locator('.feed').first().waitFor();
    return owner;
}

const home = (page, state) => page.locator('.picker').getByText(state, { exact: true });
const gone = (page) => page.getByRole('heading', { name: 'The server cannot be reached' });

for (const status of [502, 503, 504]) {
    test(`a proxy's ${status} says that the server cannot be reached, and greys what is shown`, async () => {
        const visitor = await owner();
        const { page } = visitor;
        front.break(/./, status);
        await gone(page).waitFor();
        await page.locator('.stale .feed').first().waitFor();
        await home(page, 'Unknown').waitFor();
        front.mend();
        await gone(page).waitFor({ state: 'detached' });
        await home(page, 'Online').waitFor();
        assert.equal(await page.locator('.stale').count(), 0);
        await visitor.leave();
    });
}

test('a proxy that has lost its bridge is told at the sign-in too', async () => {
    const visitor = await browser.visitor({ ...stage, url: front.url });
    await visitor.page.goto('/');
    await visitor.page.getByLabel('Name').fill(stage.username);
    await visitor.page.getByLabel('Password').fill(stage.password);
    front.break(/session/, 502);
    await visitor.page.keyboard.press('Enter');
    await gone(visitor.page).waitFor();
    await visitor.leave();
});

test('a stream of news that breaks greys the list at once where the server is gone with it', async () => {
    const visitor = await owner();
    const { page } = visitor;
    await home(page, 'Online').waitFor();
    // The list itself was fetched just now, and is not due for ten seconds.
    await page.getByText('Updated at').waitFor();
    front.break(/\/-\/homes/, 502);
    await page.locator('.stale .feed').first().waitFor({ timeout: 5000 });
    await visitor.leave();
});

test('without a stream of news the home is asked for now and then', async () => {
    front.break(/\/-\/homes\/events/, 429);
    const visitor = await owner();
    const { page } = visitor;
    // A page that asks nothing of home by itself.
    await visitor.open('#/account');
    await home(page, 'Online').waitFor();
    await stage.order('leave');
    await home(page, 'Offline').waitFor();
    await stage.order('arrive');
    await home(page, 'Online').waitFor();
    await visitor.leave();
});

test('a stream of news that broke is taken up again', async () => {
    const visitor = await owner();
    const { page } = visitor;
    await visitor.open('#/account');
    await home(page, 'Online').waitFor();
    front.break(/\/-\/homes\/events/, 429);
    front.mend();
    await stage.order('leave');
    await home(page, 'Offline').waitFor();
    await visitor.leave();
});

test('a home that went while another page was looked at is away at once in the list', async () => {
    const visitor = await owner();
    const { page } = visitor;
    await page.getByRole('link', { name: 'Account' }).click();
    await page.getByRole('heading', { name: 'API keys' }).waitFor();
    await page.getByRole('link', { name: 'Feeds', exact: true }).click();
    await page.locator('.feed').first().waitFor();
    await page.getByRole('link', { name: 'Account' }).click();
    await stage.order('leave');
    await home(page, 'Offline').waitFor();
    const asked = visitor.relayed().length;
    await page.getByRole('link', { name: 'Feeds', exact: true }).click();
    await page.locator('.feed').first().waitFor();
    assert.equal(
        await page.locator('.stale .feed').count(),
        await page.locator('.feed').count(),
        'greyed from the first',
    );
    assert.ok(visitor.relayed().length <= asked + 1);
    await visitor.leave();
});
