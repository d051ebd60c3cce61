import assert from 'node:assert/strict';
import fs from 'node:fs';
import { it } from 'node:test';
import { StandInAgent } from '../lib/agent.mjs';
import { until } from '../lib/process.mjs';

export const ACCOUNT = {
    MQTT_HOST: 'localhost',
    MQTT_PORT: 8883,
    MQTT_TLS: true,
    MQTT_TRANSPORT: 'tcp',
    MQTT_USERNAME: 'alice',
    MQTT_PASSWORD: 'cloud-secret',
    ACCESS_CONTROL: { 'feed/list': 'read' },
    APP_ENV: 'prod',
};

const BY_WEB = 'Use the port of web pages';

const RIGHT = { success: true, userid: 1, apikey_write: 'w'.repeat(32), apikey_read: 'r'.repeat(32) };

const OFFER = { mqtt_username: 'alice.h1', mqtt_password: 'device-secret', mqtt_port: 8899 };

export function withKeys(home, settings = ACCOUNT) {
    return { ...settings, APIKEY_READ: home.owner.read, APIKEY_WRITE: home.owner.write };
}

async function fill(tab, { host = 'localhost', username = 'alice', password }) {
    await tab.getByLabel('Server', { exact: true }).fill(host);
    await tab.getByLabel('User name').fill(username);
    await tab.getByLabel('Password').fill(password);
    await tab.getByRole('button', { name: 'Verify & save' }).click();
}

export function connect(world) {
    it('connects with a device credential, and keeps no password', async () => {
        const { home, cloud, browser } = world;
        const password = 'p%41ss "\\+ÿ';
        cloud.answer = (form) => ({
            ...RIGHT,
            success: form.get('password') === password,
            remoteaccess: OFFER,
        });
        const visitor = await browser.visitor(home);
        const tab = await visitor.open();
        assert.equal(await tab.getByLabel('Server', { exact: true }).inputValue(), 'mqtt.emoncms.org');
        await fill(tab, { password });
        await tab.getByText('Verified and saved').waitFor();

        const saved = home.saved();
        assert.equal(saved.MQTT_USERNAME, 'alice.h1');
        assert.equal(saved.MQTT_PASSWORD, 'device-secret');
        assert.equal(saved.MQTT_PORT, 8899);
        assert.equal(saved.ENABLED, true);
        assert.deepEqual([saved.APIKEY_READ, saved.APIKEY_WRITE], [home.owner.read, home.owner.write]);
        assert.equal(saved.ACCESS_CONTROL['feed/list'], 'read');
        assert.equal(Object.values(saved.ACCESS_CONTROL).includes('write'), false);
        assert.equal((fs.statSync(home.config).mode & 0o777).toString(8), '640');
        const heard = visitor.everythingHeard();
        for (const secret of ['device-secret', password, home.owner.read, home.owner.write]) {
            assert.equal(heard.includes(secret), false, `${secret} reached the browser`);
        }
        assert.equal(cloud.asked.at(-1).url, '/user/auth.json');
        await visitor.leave();
    });

    it('gives a server of the first generation name and password, and keeps what it does not know', async () => {
        const { home, cloud, browser } = world;
        home.save({ MQTT_CA_FILE: '/etc/own-ca.crt', ODD: { a: [] } });
        cloud.answer = () => RIGHT;
        const visitor = await browser.visitor(home);
        const tab = await visitor.open();
        await fill(tab, { password: 'cloud-secret' });
        await tab.getByText('Verified and saved').waitFor();
        const saved = home.saved();
        assert.deepEqual(
            [saved.MQTT_USERNAME, saved.MQTT_PASSWORD, saved.MQTT_PORT, saved.MQTT_TLS],
            ['alice', 'cloud-secret', 8883, true],
        );
        assert.deepEqual([saved.MQTT_CA_FILE, saved.ODD], ['/etc/own-ca.crt', { a: [] }]);
        await visitor.leave();
    });

    it('takes MQTT to the port of web pages when asked to, whichever port the server offers', async () => {
        const { home, cloud, browser } = world;
        home.save({ MQTT_CA_FILE: '/etc/own-ca.crt', ODD: { a: [] } });
        cloud.answer = () => ({ ...RIGHT, remoteaccess: OFFER });
        const visitor = await browser.visitor(home);
        const tab = await visitor.open();
        await tab.getByText('Advanced').click();
        assert.equal(await tab.getByLabel(BY_WEB).isChecked(), false);
        await tab.getByLabel('MQTT port').fill('not a port');
        await tab.getByLabel(BY_WEB).press('Space');
        await tab.getByLabel('MQTT port').waitFor({ state: 'hidden' });
        const asked = tab.waitForRequest('**/remoteaccess/connect.json');
        await fill(tab, { password: 'cloud-secret' });
        const { websockets, port } = (await asked).postDataJSON();
        assert.deepEqual([websockets, port], [true, undefined]);
        await tab.getByText('Verified and saved').waitFor();
        const saved = home.saved();
        assert.deepEqual([saved.MQTT_TRANSPORT, saved.MQTT_PORT], ['websockets', cloud.port]);
        assert.deepEqual([saved.MQTT_CA_FILE, saved.ODD, saved.MQTT_TLS], ['/etc/own-ca.crt', { a: [] }, true]);
        await visitor.leave();
    });

    it('shows that MQTT goes to the port of web pages, and takes it back to one of its own', async () => {
        const { home, cloud, browser } = world;
        const visitor = await browser.visitor(home);
        const tab = await visitor.open();
        for (const [answer, typed, port] of [
            [RIGHT, '', 8883],
            [{ ...RIGHT, remoteaccess: OFFER }, '', 8899],
            [{ ...RIGHT, remoteaccess: OFFER }, '8884', 8884],
        ]) {
            cloud.answer = () => answer;
            home.save({ ...withKeys(home), MQTT_TRANSPORT: 'websockets', MQTT_PORT: cloud.port });
            await tab.reload();
            await tab.getByRole('button', { name: 'Change account' }).click();
            assert.equal(await tab.getByLabel(BY_WEB).isChecked(), true);
            assert.equal(await tab.getByLabel('MQTT port').isVisible(), false);
            await tab.getByLabel(BY_WEB).uncheck();
            assert.equal(await tab.getByLabel('MQTT port').inputValue(), '');
            await tab.getByLabel('MQTT port').fill(typed);
            await fill(tab, { password: 'cloud-secret' });
            await tab.getByText('Verified and saved').waitFor();
            assert.deepEqual([home.saved().MQTT_TRANSPORT, home.saved().MQTT_PORT], ['tcp', port]);
        }
        await visitor.leave();
    });

    it('leaves the way of MQTT as it is for an older page, which knows of one only', async () => {
        const { home, cloud, browser } = world;
        cloud.answer = () => ({ ...RIGHT, remoteaccess: OFFER });
        const visitor = await browser.visitor(home);
        for (const [transport, before, after] of [
            ['websockets', cloud.port, cloud.port],
            ['tcp', 8883, 8899],
        ]) {
            home.save({ ...withKeys(home), MQTT_TRANSPORT: transport, MQTT_PORT: before });
            const { revision, port } = await visitor.settings();
            const account = { host: 'localhost', username: 'alice', password: 'cloud-secret' };
            const answer = await visitor.post('connect', { revision, port: String(port), ...account });
            assert.equal((await answer.json()).success, true);
            assert.deepEqual([home.saved().MQTT_TRANSPORT, home.saved().MQTT_PORT], [transport, after]);
        }
        await visitor.leave();
    });

    it('says in plain words what went wrong, and keeps what was typed', async () => {
        const { home, cloud, browser } = world;
        const visitor = await browser.visitor(home);
        const tab = await visitor.open();
        const troubles = [
            ['does not know this user name', () => ({ success: false, message: 'Incorrect authentication' }), {}],
            ['too many attempts', () => ({ success: false, message: 'Too many attempts, please try again later' }), {}],
            ['not an emoncms server', () => (response) => response.end('<html>hello</html>'), {}],
            [
                'not an emoncms server',
                () => (response) => {
                    response.write('x'.repeat(200000));
                    response.end();
                },
                {},
            ],
            [
                'sends visitors on',
                () => (response) => {
                    response.writeHead(302, { Location: 'https://localhost/other' });
                    response.end();
                },
                {},
            ],
            [
                'a problem of its own',
                () => (response) => {
                    response.writeHead(502);
                    response.end();
                },
                {},
            ],
            ['could not prove', () => RIGHT, { host: '127.0.0.2' }],
            ['no server with the name', () => RIGHT, { host: 'no-such-host.invalid' }],
            ['is not the name of a server', () => RIGHT, { host: 'a b' }],
            ['enter the password', () => RIGHT, { password: '' }],
        ];
        for (const [words, answer, typed] of troubles) {
            cloud.answer = answer;
            await fill(tab, { password: 'typed-secret', ...typed });
            await tab.locator('.alert-error', { hasText: words }).waitFor();
            assert.equal(await tab.getByLabel('User name').inputValue(), 'alice');
        }
        assert.equal(fs.existsSync(home.config), false);
        await visitor.leave();
    });

    it('sends no password to a server that cannot prove who it is', async () => {
        const { home, cloud, browser } = world;
        const before = cloud.asked.length;
        const visitor = await browser.visitor(home);
        const tab = await visitor.open();
        await fill(tab, { host: '127.0.0.2', password: 'typed-secret' });
        await tab.getByText('could not prove').waitFor();
        assert.equal(cloud.asked.length, before);
        await visitor.leave();
    });

    it('switches off and on with one click, without typing again', async () => {
        const { home, browser } = world;
        home.save(withKeys(home));
        const visitor = await browser.visitor(home);
        const tab = await visitor.open();
        await tab.getByRole('button', { name: 'Switch off' }).click();
        await tab.getByRole('button', { name: 'Switch on' }).waitFor();
        assert.equal(home.saved().ENABLED, false);
        await tab.getByRole('button', { name: 'Switch on' }).click();
        await tab.getByRole('button', { name: 'Switch off' }).waitFor();
        assert.deepEqual(home.saved(), { ...withKeys(home), ENABLED: true });
        await visitor.leave();
    });

    it('shows live what the agent does', async () => {
        const { home, browser } = world;
        home.save(withKeys(home));
        const agent = new StandInAgent(home);
        const visitor = await browser.visitor(home);
        try {
            const tab = await visitor.open();
            await tab.getByText('The agent is not running').waitFor();
            await tab.getByText('systemctl start').waitFor();
            agent.says({});
            await tab.getByText('Connected', { exact: true }).waitFor();
            await tab.getByText('mqtt.example, account alice').waitFor();
            await tab.getByText('2 hours').waitFor();
            for (const [state, words] of [
                ['wrong_password', 'does not accept the password'],
                ['tls_error', 'could not prove'],
                ['unreachable', 'internet connection'],
                ['account_in_use', 'Another emoncms'],
                ['disabled', 'Switched off'],
                ['bad_config', 'cannot be used'],
                ['connecting', 'Connecting'],
            ]) {
                agent.says({ state, message: `Details of ${state}.` });
                await tab.locator(`[data-state=${state}]`, { hasText: words }).waitFor();
            }
            agent.says({ config_error: 'MQTT_PORT must be a number' });
            await tab.getByText('MQTT_PORT must be a number').waitFor();
            await agent.kill();
            await tab.getByText('The agent is not running').waitFor();
        } finally {
            await agent.kill();
            await visitor.leave();
        }
    });

    it('notices changed API keys and repairs them with one click', async () => {
        const { home, browser } = world;
        home.save({ ...withKeys(home), APIKEY_READ: 'e'.repeat(32) });
        const visitor = await browser.visitor(home);
        const tab = await visitor.open();
        await tab.getByText('Your API keys in emoncms were changed').waitFor();
        await tab.getByRole('button', { name: 'Use my present keys' }).click();
        await tab.getByText('Done').waitFor();
        assert.equal(home.saved().APIKEY_READ, home.owner.read);
        assert.equal(await tab.getByText('Your API keys').count(), 0);
        await visitor.leave();
    });

    it("says when the keys are another user's", async () => {
        const { home, browser } = world;
        home.save({ ...ACCOUNT, APIKEY_READ: home.other.read, APIKEY_WRITE: home.other.write });
        const visitor = await browser.visitor(home);
        const tab = await visitor.open();
        await tab.getByText('another user of this emoncms').waitFor();
        await visitor.leave();
    });

    it('sets a damaged file aside', async () => {
        const { home, browser } = world;
        home.save('{"MQTT_HOST": "mqtt.exam');
        const visitor = await browser.visitor(home);
        const tab = await visitor.open();
        await tab.getByText('The settings file is damaged').waitFor();
        await tab.getByRole('button', { name: 'Put it aside' }).click();
        await tab.getByRole('button', { name: 'Verify & save' }).waitFor();
        await until('the damaged file to be kept', () =>
            fs.readdirSync(home.data).some((name) => name.includes('damaged')),
        );
        await visitor.leave();
    });

    it('does not overwrite what another window saved, and yet is off when one says off', async () => {
        const { home, browser } = world;
        home.save(withKeys(home));
        const visitor = await browser.visitor(home);
        const tab = await visitor.open();
        await tab.getByRole('button', { name: 'Switch off' }).waitFor();
        home.save({ ...withKeys(home), MQTT_PORT: 1234 });
        await tab.getByRole('button', { name: 'Switch off' }).click();
        await tab.getByRole('button', { name: 'Switch on' }).waitFor();
        assert.deepEqual([home.saved().ENABLED, home.saved().MQTT_PORT], [false, 1234]);

        home.save({ ...withKeys(home), MQTT_PORT: 4321, ENABLED: false });
        await tab.getByRole('button', { name: 'Switch on' }).click();
        await tab.getByText('changed in the meantime').waitFor();
        assert.equal(home.saved().ENABLED, false);
        await tab.getByRole('button', { name: 'Switch on' }).click();
        await tab.getByRole('button', { name: 'Switch off' }).waitFor();
        assert.equal(home.saved().MQTT_PORT, 4321);
        await visitor.leave();
    });
}
