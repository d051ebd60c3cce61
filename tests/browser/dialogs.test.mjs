// Dialogs take the keyboard, keep it, and give it back.
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

/** What has the keyboard: by what it is called. */
const focused = (page) =>
    page.evaluate(() => {
        const one = document.activeElement;
        const label = one.getAttribute('aria-label') ?? one.labels?.[0]?.innerText ?? one.innerText;
        return { label: label.trim(), inside: one.closest('dialog') !== null || one === document.body };
    });

/** Opens one by the keyboard, goes around in it, and closes it by Escape. */
async function around(page, opener, first) {
    await opener.focus();
    const { label } = await focused(page);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    assert.match((await focused(page)).label, first, `what is wanted first after ${label}`);
    for (let at = 0; at < 30; at += 1) {
        await page.keyboard.press('Tab');
        // Between its last and its first the browser's own bar has its turn.
        const now = await focused(page);
        assert.ok(now.inside, `${now.label} is not in front`);
    }
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal((await focused(page)).label, label, 'back where it was');
}

test('those of the feeds and the graph', async () => {
    const owner = await browser.owner(stage);
    const { page } = owner;
    await page.locator('.feed input[type=checkbox]').first().check();
    await around(page, page.getByRole('button', { name: 'CSV' }), /^From/);
    await owner.open('#/graph?feeds=1&span=86400');
    await around(page, page.getByRole('button', { name: 'Free' }), /^From/);
    await around(page, page.getByRole('button', { name: 'CSV from home' }), /^From/);
    await owner.leave();
});

test('those of Now and the account', async () => {
    const owner = await browser.owner(stage);
    const { page } = owner;
    await owner.open('#/now');
    await around(page, page.getByRole('button', { name: 'Choose feeds' }), /^Power/);
    await owner.open('#/account');
    await around(page, page.getByRole('button', { name: 'Add a home' }), /^Name of the new home/);
    await around(page, page.getByRole('button', { name: 'Make a key' }), /^What it is for/);
    await around(page, page.getByRole('button', { name: 'Set up' }), /^Your password/);
    await around(page, page.getByRole('button', { name: 'Sign out everywhere' }), /^Cancel/);
    await around(page, page.getByRole('button', { name: 'Pairing code' }), /./);
    await owner.leave();
});

test('what opened one may be gone afterwards: the keyboard is in the page then, and not lost', async () => {
    const owner = await browser.owner(stage);
    const { page } = owner;
    await owner.open('#/account');
    await page.getByRole('button', { name: 'Make a key' }).click();
    await page.keyboard.type('Kitchen');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').locator('code').waitFor();
    await page.keyboard.press('Escape');
    const line = page.getByRole('listitem').filter({ hasText: 'Kitchen' });
    await line.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await line.waitFor({ state: 'detached' });
    assert.notEqual(await page.evaluate(() => document.activeElement.tagName), 'BODY');
    await owner.leave();
});

test('names of any length fit into those on a phone, and into Now', async (t) => {
    if (stage.real) return t.skip('needs the stand-in');
    const long = 'W'.repeat(300);
    const now = Math.floor(Date.now() / 1000);
    const feed = { id: '1', name: long, tag: long, unit: 'W', value: 1e308, time: now, engine: '5', size: '1e300' };
    const list = [feed, { ...feed, id: '2', name: `solar ${long}`, value: -1e308, time: 1e300, interval: 1e300 }];
    await stage.order('say', 'feed/list', JSON.stringify([...list, { ...feed, id: '3', name: 'use' }]));
    const owner = await browser.owner(stage, LOOKS.phone);
    const { page } = owner;
    const fits = async (what) => {
        const wide = await page.evaluate(() =>
            [document.documentElement, ...document.querySelectorAll('dialog, .tile')].map((one) => [
                one.scrollWidth,
                one.clientWidth,
            ]),
        );
        for (const [whole, seen] of wide) assert.ok(whole <= seen, `${what}: ${whole} in ${seen}`);
    };
    await page.locator('.feed').first().waitFor();
    await fits('feeds');
    await owner.picture('feeds-long-names');
    await owner.open('#/now');
    await page.locator('.tile').first().waitFor();
    await fits('now');
    await owner.picture('now-long-names');
    await page.getByRole('button', { name: 'Choose feeds' }).click();
    await page.getByRole('dialog').waitFor();
    await fits('chooser');
    await owner.picture('chooser-long-names');
    await owner.open('#/graph?feeds=1,2r&span=3600');
    await page.locator('.u-over').waitFor();
    await fits('graph');
    return owner.leave();
});
