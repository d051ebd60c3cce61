// Each page in light, dark and on a phone: looked at by axe here, and by people in target/view-pictures.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Browser, LOOKS } from './lib/browser.mjs';
import { Stage } from './lib/stage.mjs';

let stage;
let browser;
before(async () => {
    browser = await Browser.start();
    stage = await Stage.start();
});
after(async () => {
    await browser?.stop();
    await stage?.stop();
});

/** In the page: whether what is counted and drawn is there, and is not of the graph before. */
const isFilled = () =>
    !document.querySelector('main .stale') &&
    [...document.querySelectorAll('main dl dd')].every((one) => !one.textContent.startsWith('–'));

const PAGES = {
    feeds: ['#/feeds', '.feed .value'],
    now: ['#/now', '.tile .line[d^=M]'],
    graph: ['#/graph?feeds=1,3,10r&span=86400', '.u-over'],
    hour: ['#/graph?feeds=1,3&span=3600', '.u-over'],
    days: ['#/graph?feeds=2bd,4bd&span=2592000&interval=daily', '.u-over'],
    'graph-empty': ['#/graph', '.empty'],
    inputs: ['#/inputs', 'li .value'],
    account: ['#/account', '[aria-label="Recent events"] li'],
};

for (const [look, options] of Object.entries(LOOKS)) {
    test(`every page is fit to be seen and heard: ${look}`, async () => {
        const visitor = await browser.visitor(stage, options);
        const { page } = visitor;
        await page.goto('/');
        await page.getByRole('heading', { name: 'Sign in' }).waitFor();
        await visitor.picture(`sign-in-${look}`);
        assert.deepEqual(await visitor.faults(), [], 'sign-in');
        await visitor.signIn();
        for (const [name, [view, sign]] of Object.entries(PAGES)) {
            // What a real emoncms of the tests has is called otherwise than anything that Now knows.
            if (name === 'now' && stage.real) continue;
            // Nor has that a tenth feed.
            await visitor.open(stage.real ? view.replace('10r', '2r') : view);
            await page.locator(sign).first().waitFor();
            await page.waitForFunction(isFilled);
            await visitor.picture(`${name}-${look}`);
            assert.deepEqual(await visitor.faults(), [], name);
        }
        await visitor.open('#/feeds');
        await page
            .getByLabel(/^Details of/)
            .first()
            .click();
        await page
            .getByLabel(/^Select /)
            .nth(1)
            .check();
        await page.getByRole('button', { name: 'CSV' }).click();
        await page.getByRole('dialog').waitFor();
        await visitor.picture(`csv-${look}`);
        assert.deepEqual(await visitor.faults(), [], 'csv');
        await visitor.leave();
    });
}
