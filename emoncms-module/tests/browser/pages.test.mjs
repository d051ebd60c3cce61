// All three pages, on the stage in both generations; on real emoncms as well where EMONCMS_SRC names some (a:b).
import { after, before, beforeEach, describe } from 'node:test';
import { Browser } from './lib/browser.mjs';
import { Cloud, certificates } from './lib/cloud.mjs';
import { RealEmoncms, Stage } from './lib/home.mjs';
import { activity } from './suites/activity.mjs';
import { connect } from './suites/connect.mjs';
import { languages } from './suites/languages.mjs';
import { permissions } from './suites/permissions.mjs';
import { safety } from './suites/safety.mjs';

const homes = [
    ['stage, today', (options) => Stage.start('today', options)],
    ['stage, 11.4', (options) => Stage.start('11.4', options)],
    ...RealEmoncms.source
        .split(':')
        .filter(Boolean)
        .map((source) => [source, (options) => RealEmoncms.start(source, options)]),
];

for (const [name, makeHome] of homes) {
    describe(name, () => {
        const world = {};
        before(async () => {
            const certs = certificates();
            world.cloud = await Cloud.start(certs);
            world.home = await makeHome({ cloud_port: world.cloud.port, ca: certs.ca });
            world.browser = await Browser.start();
        });
        beforeEach(() => {
            world.home.forget();
        });
        after(async () => {
            await world.browser?.stop();
            await world.home?.stop();
            await world.cloud?.stop();
        });
        connect(world);
        permissions(world);
        activity(world);
        safety(world);
        languages(world);
    });
}
