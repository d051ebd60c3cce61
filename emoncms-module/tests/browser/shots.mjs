// Pictures of every page in its states, to be looked at: node shots.mjs FOLDER [today|11.4|EMONCMS_SRC]
import fs from 'node:fs';
import path from 'node:path';
import { StandInAgent } from './lib/agent.mjs';
import { Browser, SIZES } from './lib/browser.mjs';
import { RealEmoncms, Stage, project } from './lib/home.mjs';
import { COUNTERS, REQUESTS } from './suites/activity.mjs';
import { ACCOUNT, withKeys } from './suites/connect.mjs';

const [to, what = 'today'] = process.argv.slice(2);
fs.mkdirSync(to, { recursive: true });
const home = what.includes('/') ? await RealEmoncms.start(what) : await Stage.start(what);
const browser = await Browser.start();
const agent = new StandInAgent(home);
const settings = (more) => ({ ...withKeys(home), MQTT_HOST: 'mqtt.emoncms.org', ...more });
const example = JSON.parse(fs.readFileSync(path.join(project, 'agent/remoteaccess.example.json'), 'utf8'));
const connected = { server: 'mqtt.emoncms.org', requests: REQUESTS, counters: COUNTERS };

const SCENES = {
    'connect-new': [
        '',
        () => {
            home.forget();
            agent.says({ state: 'not_configured', server: null, account: null });
        },
    ],
    'connect-connected': [
        '',
        () => {
            home.save(settings());
            agent.says(connected);
        },
    ],
    'connect-off': [
        '',
        () => {
            home.save(settings({ ENABLED: false }));
            agent.says({ state: 'disabled' });
        },
    ],
    'connect-advanced': [
        '',
        () => home.forget(),
        async (tab) => {
            await tab.getByText('Advanced').click();
            await tab.getByRole('button', { name: 'Verify' }).scrollIntoViewIfNeeded();
        },
    ],
    'connect-by-web': [
        '',
        () => home.save(settings({ MQTT_TRANSPORT: 'websockets', MQTT_PORT: 443 })),
        async (tab) => {
            await tab.getByRole('button', { name: 'Change account' }).click();
            await tab.getByRole('button', { name: 'Verify' }).scrollIntoViewIfNeeded();
        },
    ],
    'connect-trouble': [
        '',
        () => {
            home.save(settings({ APIKEY_READ: 'e'.repeat(32) }));
            agent.says({
                state: 'wrong_password',
                message: 'mqtt.emoncms.org does not accept the name and password.',
                server: 'mqtt.emoncms.org',
            });
        },
    ],
    'permissions-read': ['permissions', () => home.save(settings({ ACCESS_CONTROL: example.ACCESS_CONTROL }))],
    'permissions-custom': [
        'permissions',
        () =>
            home.save(settings({ ACCESS_CONTROL: { 'feed/list': 'read', 'feed/data': 'read', 'feed/set': 'write' } })),
        async (tab) => {
            await tab.locator('details.ra-group summary').first().click();
            await tab.locator('[data-path="feed/csvexport"]').click();
        },
    ],
    'permissions-tester': [
        'permissions',
        () => {},
        async (tab) => {
            await tab.locator('.ra-tester input').fill('feed/delete.json?id=1');
            await tab.locator('.ra-tester button').click();
            await tab.locator('.ra-tester .alert').waitFor();
            await tab.locator('.ra-tester').scrollIntoViewIfNeeded();
        },
    ],
    'permissions-write': [
        'permissions',
        () => {},
        async (tab) => {
            await tab.locator('.ra-search').fill('feed/delete');
            await tab.locator('[data-path="feed/delete"]').click();
        },
    ],
    'permissions-conflict': [
        'permissions',
        () => {},
        async (tab) => {
            await tab.locator('.ra-search').fill('feed/csvexport');
            await tab.locator('[data-path="feed/csvexport"]').click();
            home.save(settings({ ACCESS_CONTROL: { 'feed/list': 'read', 'input/list': 'read' } }));
            await tab.getByRole('button', { name: 'Save', exact: true }).click();
            await tab.locator('.ra-conflict').waitFor();
        },
    ],
    activity: [
        'activity',
        () => {
            home.save(settings());
            agent.says(connected);
        },
    ],
    'activity-empty': ['activity', () => agent.says({ ...connected, requests: [], counters: {} })],
    'activity-stale': ['activity', () => agent.says({ ...connected, pid: 1 })],
};

for (const [size, viewport] of Object.entries(SIZES)) {
    const visitor = await browser.visitor(home, home.owner, viewport);
    for (const [name, [page, prepare, act]] of Object.entries(SCENES)) {
        prepare();
        const tab = await visitor.open(page);
        await tab.locator('.ra-card').first().waitFor();
        await act?.(tab);
        await tab.waitForTimeout(150);
        await tab.screenshot({ path: path.join(to, `${name}-${size}.png`), fullPage: !act });
        await tab.close({ runBeforeUnload: false });
    }
    await visitor.leave();
}
await agent.kill();
await browser.stop();
await home.stop();
