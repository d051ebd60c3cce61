import assert from 'node:assert/strict';
import fs from 'node:fs';
import { it } from 'node:test';
import { withKeys } from './connect.mjs';

const ACTIONS = [
    'settings',
    'status',
    'activity',
    'endpoints',
    'connect',
    'turn',
    'access',
    'keys',
    'aside',
    'test',
    'check',
];
const READS = ['settings', 'status', 'activity', 'endpoints'];

export function safety(world) {
    it('is in the menu of the owner, and of nobody else', async () => {
        const { home, browser } = world;
        const owner = await browser.visitor(home);
        const tab = await owner.open('permissions');
        const entry = tab.locator('.menu-l2', { hasText: 'Remote Access' });
        await entry.waitFor();
        await tab.locator('.menu-l2 .active', { hasText: 'Remote Access' }).waitFor();
        await owner.leave();

        const other = await browser.visitor(home, home.other);
        const theirs = await other.open();
        await theirs.getByText('for the administrator').waitFor();
        assert.equal(await theirs.locator('.menu-l2', { hasText: 'Remote Access' }).count(), 0);
        assert.equal(await theirs.locator('#ra-page').count(), 0);
        for (const action of ACTIONS) {
            const answer = await other.post(action, { revision: 'none' });
            assert.equal(answer.status(), 403, action);
        }
        await other.leave();
    });

    it('is not shown to who is not signed in', async () => {
        const { home, browser } = world;
        const guest = await browser.visitor(home, null);
        const tab = await guest.open();
        assert.equal(await tab.locator('#ra-page').count(), 0);
        for (const action of ACTIONS) assert.equal((await guest.post(action, {})).status(), 401, action);
        await guest.leave();
    });

    it('refuses API keys, also beside a login, so that no relayed request gets here', async () => {
        const { home, browser } = world;
        home.save(withKeys(home));
        const before = fs.readFileSync(home.config, 'utf8');
        const guest = await browser.visitor(home, null);
        const owner = await browser.visitor(home);
        const revision = (await owner.settings()).revision;
        for (const action of ACTIONS) {
            const body = { revision, enabled: false, mode: 'off', access: {}, base: {} };
            for (const key of [home.owner.write, home.owner.read]) {
                const byHeader = await guest.post(action, body, { Authorization: `Bearer ${key}` });
                const byAddress = await guest.context.request.post(
                    `${home.base}remoteaccess/${action}.json?apikey=${key}`,
                    { data: body },
                );
                const beside = await owner.context.request.post(
                    `${home.base}remoteaccess/${action}.json?apikey=${key}`,
                    { data: body },
                );
                for (const answer of [byHeader, byAddress, beside])
                    assert.equal(answer.status(), 403, `${action}: ${await answer.text()}`);
            }
        }
        assert.equal(fs.readFileSync(home.config, 'utf8'), before);
        await guest.leave();
        await owner.leave();
    });

    it('changes nothing but by a JSON body from its own pages', async () => {
        const { home, browser } = world;
        home.save(withKeys(home));
        const before = fs.readFileSync(home.config, 'utf8');
        const owner = await browser.visitor(home);
        const { revision } = await owner.settings();
        const body = { revision, enabled: false };
        const at = `${home.base}remoteaccess/turn.json`;
        const origin = new URL(home.base).origin;
        const request = owner.context.request;

        const status = async (answer) => (await answer).status();
        assert.equal(await status(request.get(`${at}?revision=${revision}&enabled=false`)), 405);
        assert.equal(
            await status(request.post(at, { form: { revision, enabled: 'false' }, headers: { Origin: origin } })),
            400,
        );
        assert.equal(await status(owner.post('turn', JSON.stringify(body), { 'Content-Type': 'text/plain' })), 400);
        for (const from of ['http://evil.example', 'null', origin.replace(/:\d+$/, ':1')]) {
            assert.equal(await status(owner.post('turn', body, { Origin: from })), 403, from);
        }
        assert.equal(await status(owner.post('turn', body, { 'Sec-Fetch-Site': 'same-site' })), 403);
        assert.equal(await status(request.post(at, { data: body })), 403, 'no origin at all');
        assert.equal(fs.readFileSync(home.config, 'utf8'), before);
        assert.equal(await status(owner.post('turn', body)), 200);
        assert.equal(home.saved().ENABLED, false);
        await owner.leave();
    });

    it('cannot be framed by another port of this host', async () => {
        const { home, browser } = world;
        const owner = await browser.visitor(home);
        const answer = await owner.context.request.get(`${home.base}remoteaccess/view`);
        assert.match(answer.headers()['content-security-policy'], /frame-ancestors 'self'/);
        await owner.leave();
    });

    it('never shows a secret', async () => {
        const { home, browser } = world;
        home.save(withKeys(home));
        const owner = await browser.visitor(home);
        for (const page of ['', 'permissions', 'activity']) {
            const tab = await owner.open(page);
            await tab.locator('.ra-card').first().waitFor();
        }
        for (const action of READS)
            owner.heard.push(await (await owner.context.request.get(`${home.base}remoteaccess/${action}.json`)).text());
        const heard = owner.everythingHeard();
        for (const secret of ['cloud-secret', home.owner.read, home.owner.write])
            assert.equal(heard.includes(secret), false, secret);
        await owner.leave();
    });
}
