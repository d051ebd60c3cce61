import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { Stage, tests } from '../lib/home.mjs';

export function languages(world) {
    it('speaks the language of its visitor, menu and scripts included', async (test) => {
        const { home, browser } = world;
        if (!(home instanceof Stage)) return test.skip('the stage has both ways of telling the language');
        const german = JSON.parse(fs.readFileSync(path.join(tests, '../remoteaccess/locale/de_DE.json'), 'utf8'));
        await home.speak('de_DE');
        const visitor = await browser.visitor(home);
        const tab = await visitor.open();
        for (const text of ['Remote Access', 'Permissions', 'Account at the server', 'The agent is not running']) {
            assert.notEqual(german[text], text);
            await tab.getByText(german[text]).first().waitFor();
        }
        await home.speak('');
        await visitor.leave();
    });
}
