import assert from 'node:assert/strict';
import { it } from 'node:test';
import { StandInAgent, request } from '../lib/agent.mjs';
import { withKeys } from './connect.mjs';

export const REQUESTS = [
    request('feed/delete', 'refused'),
    request('feed/list'),
    request('feed/data', 'failed'),
    request('input/process/set', 'answered', { ms: 12345, bytes: 2400000 }),
    request('feed/csvexport', 'cancelled'),
];
export const COUNTERS = {
    requests: 1234,
    answered: 1200,
    refused: 31,
    failed: 2,
    cancelled: 1,
    bytes: 52428800,
    connects: 3,
};

export function activity(world) {
    it('shows what was asked for, marks what was refused, and filters', async () => {
        const { home, browser } = world;
        home.save(withKeys(home));
        const agent = new StandInAgent(home);
        const visitor = await browser.visitor(home);
        try {
            agent.says({ requests: REQUESTS, counters: COUNTERS });
            const tab = await visitor.open('activity');
            const rows = tab.locator('.ra-requests tbody tr');
            await rows.nth(4).waitFor();
            await tab.getByText('Agent 0.3.0 · running for 1 day').waitFor();
            const refused = tab.locator('tr.ra-refused');
            assert.match(await refused.innerText(), /feed\/delete[\s\S]*refused[\s\S]*not in your list[\s\S]*403/);
            assert.match(await refused.getByRole('link').getAttribute('href'), /permissions#feed%2Fdelete$/);
            await tab.getByRole('button', { name: 'Refused' }).click();
            assert.equal(await rows.count(), 1);
            await tab.getByRole('button', { name: 'All' }).click();
            await tab.locator('.ra-search').fill('process');
            assert.equal(await rows.count(), 1);
            await tab.locator('.ra-search').fill('');
            agent.says({ requests: [request('feed/<b>new</b>'), ...REQUESTS], counters: COUNTERS });
            await tab.getByText('feed/<b>new</b>').waitFor();
        } finally {
            await agent.kill();
            await visitor.leave();
        }
    });

    it('has words for nothing yet, and for an agent that is gone', async () => {
        const { home, browser } = world;
        home.save(withKeys(home));
        const agent = new StandInAgent(home);
        const visitor = await browser.visitor(home);
        try {
            const tab = await visitor.open('activity');
            await tab.getByText('The agent is not running').waitFor();
            agent.says({});
            await tab.getByText('No requests yet').waitFor();
            agent.says({ requests: REQUESTS });
            await tab.getByText('feed/csvexport').waitFor();
            await agent.kill();
            await tab.getByText('What follows is from before it stopped').waitFor();
            await tab.getByText('feed/csvexport').waitFor();
        } finally {
            await agent.kill();
            await visitor.leave();
        }
    });

    it('asks for nothing while it is not to be seen', async () => {
        const { home, browser } = world;
        const visitor = await browser.visitor(home);
        const tab = await visitor.open('activity');
        await tab.getByText('The agent is not running').waitFor();
        let asked = 0;
        tab.on('request', (sent) => {
            asked += sent.url().includes('activity.json') ? 1 : 0;
        });
        await tab.clock.install();
        await tab.reload();
        await tab.getByText('The agent is not running').waitFor();
        await tab.evaluate(() => {
            Object.defineProperty(document, 'hidden', { value: true, configurable: true });
            document.dispatchEvent(new Event('visibilitychange'));
        });
        const before = asked;
        await tab.clock.runFor(20000);
        assert.equal(asked, before);
        await tab.evaluate(() => {
            Object.defineProperty(document, 'hidden', { value: false, configurable: true });
            const again = fetch;
            window.asked = new Promise((resolve) => {
                window.fetch = (...words) => {
                    resolve(true);
                    return again(...words);
                };
            });
            document.dispatchEvent(new Event('visibilitychange'));
        });
        assert.equal(await tab.evaluate(() => window.asked), true);
        await visitor.leave();
    });
}
