// The whole way on real emoncms: a person connects, narrows the list, and watches a refused request appear.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Browser, Visitor } from './lib/browser.mjs';
import { Chain } from './lib/chain.mjs';
import { Cloud, certificates } from './lib/cloud.mjs';
import { RealEmoncms } from './lib/home.mjs';
import { until } from './lib/process.mjs';

for (const source of RealEmoncms.source.split(':').filter(Boolean)) {
    describe(source, () => {
        const world = {};
        before(async () => {
            const certs = certificates();
            world.chain = await Chain.start(certs);
            world.cloud = await Cloud.start(certs, world.chain.url);
            world.home = await RealEmoncms.start(source, { cloud_port: world.cloud.port, ca: certs.ca });
            // The broker's certificate is not signed by anyone whom the system trusts.
            world.home.save({ MQTT_CA_FILE: certs.ca });
            world.chain.startAgent(world.home);
            world.browser = await Browser.start();
        });
        after(async () => {
            await world.browser?.stop();
            await world.chain?.stop();
            await world.home?.stop();
            await world.cloud?.stop();
        });

        it('connects, obeys a narrowed list within a second, and shows the refusal', async () => {
            const { chain, home, browser } = world;
            const context = await browser.chromium.newContext({ baseURL: home.base });
            const visitor = new Visitor(context, home);
            const tab = await context.newPage();

            await tab.goto(`${home.base}user/login`);
            await tab.locator('input[name=username]').first().fill(home.owner.name);
            await tab.locator('input[name=password]').first().fill(home.owner.password);
            await tab.locator('#login, button:has-text("Login")').first().click();
            await tab.waitForURL((url) => !url.pathname.includes('login'));
            await tab.goto(`${home.base}feed/view`);
            await tab.locator('.menu-l2').getByText('Remote Access').click();
            await tab.waitForURL('**/remoteaccess/view');

            await tab.getByLabel('Server', { exact: true }).fill('localhost');
            await tab.getByLabel('User name').fill(chain.account.name);
            await tab.getByLabel('Password').fill('not this one');
            await tab.getByText('Advanced').click();
            await tab.getByLabel('MQTT port').fill(String(chain.mqtt));
            await tab.getByRole('button', { name: 'Verify & save' }).click();
            await tab.getByText('does not know this user name').waitFor();
            await tab.getByLabel('Password').fill(chain.account.password);
            await tab.getByRole('button', { name: 'Verify & save' }).click();
            await tab.locator('[data-state=connected]').waitFor();
            await tab.getByText(`localhost, account ${chain.account.name}`).first().waitFor();
            const kept = home.saved();
            assert.equal(kept.MQTT_PORT, chain.mqtt);
            assert.ok(kept.MQTT_PASSWORD.length > 40, 'a credential of its own');
            assert.equal(JSON.stringify(kept).includes(chain.account.password), false, 'the password was kept');

            const first = await until('the home to be served', async () => {
                const answer = await chain.ask('feed/list');
                return answer.status === 200 && answer;
            });
            assert.equal(first.body.length, 3);

            await tab.getByRole('link', { name: 'Permissions' }).click();
            await tab.locator('[data-mode=custom]').click();
            await tab.locator('.ra-search').fill('feed/list');
            await tab.locator('[data-path="feed/list"]').click();
            const saved = tab.waitForResponse('**/remoteaccess/access.json');
            await tab.getByRole('button', { name: 'Save', exact: true }).click();
            await saved;
            const refusal = await until(
                'the agent to obey within a second',
                async () => {
                    const answer = await chain.ask('feed/list');
                    return answer.status === 403 && answer;
                },
                1000,
            );
            assert.equal(refusal.body.error, 'denied');

            await tab.getByRole('link', { name: 'Activity' }).click();
            const row = tab.locator('tr.ra-refused[data-endpoint="feed/list"]').first();
            await row.waitFor();
            await row.getByText('not in your list').waitFor();

            await row.getByRole('link', { name: 'Change permissions' }).click();
            await tab.locator('[data-path="feed/list"]').click();
            await tab.getByRole('button', { name: 'Save', exact: true }).click();
            await tab.getByText('Your list is in force').waitFor();
            await until('it to be answered again', async () => (await chain.ask('feed/list')).status === 200, 1000);

            await tab.getByRole('link', { name: 'Connect', exact: true }).click();
            await tab.getByRole('button', { name: 'Switch off' }).click();
            await tab.locator('[data-state=disabled]').waitFor();
            await until('the home to be gone', async () => (await chain.ask('feed/list')).status === 503);
            await tab.getByRole('button', { name: 'Switch on' }).click();
            await tab.locator('[data-state=connected]').waitFor();
            await until('the home to be back', async () => (await chain.ask('feed/list')).status === 200);

            const heard = visitor.everythingHeard();
            for (const secret of [
                kept.MQTT_PASSWORD,
                home.owner.read,
                home.owner.write,
                chain.account.password,
                chain.account.read,
                chain.account.write,
            ]) {
                assert.equal(heard.includes(secret), false, 'a secret reached the browser');
            }
            await visitor.leave();
        });

        it('is served by WebSocket at the port of web pages when asked to, and again without', async () => {
            const { chain, cloud, home, browser } = world;
            const visitor = await browser.visitor(home);
            const tab = await visitor.open();
            for (const [ticked, port] of [
                [true, cloud.port],
                [false, chain.mqtt],
            ]) {
                await tab.getByRole('button', { name: 'Change account' }).click();
                await tab.getByLabel('Password').fill(chain.account.password);
                if (ticked) await tab.getByText('Advanced').click();
                await tab.getByLabel('Use the port of web pages').setChecked(ticked);
                await tab.getByRole('button', { name: 'Verify & save' }).click();
                await tab.locator('[data-state=connected]', { hasText: `localhost:${port},` }).waitFor();
                await until('the home to be served', async () => (await chain.ask('feed/list')).status === 200);
            }
            await visitor.leave();
        });
    });
}
