import assert from 'node:assert/strict';
import { it } from 'node:test';
import { until } from '../lib/process.mjs';
import { withKeys, ACCOUNT } from './connect.mjs';

const line = (tab, path) => tab.locator(`[data-path="${path}"]`);
const mode = (tab, name) => tab.locator(`[data-mode=${name}]`);

async function openGroup(tab, module) {
    const group = tab.locator('details.ra-group', {
        has: tab.locator('summary strong', { hasText: new RegExp(`^${module}$`) }),
    });
    if (!(await group.evaluate((element) => element.open))) await group.locator('summary').click();
    return group;
}

async function custom(world, access = { 'feed/list': 'read' }) {
    world.home.save(withKeys(world.home, { ...ACCOUNT, ACCESS_CONTROL: access }));
    const visitor = await world.browser.visitor(world.home);
    const tab = await visitor.open('permissions');
    await mode(tab, 'custom').and(tab.locator('.ra-chosen')).waitFor();
    return [visitor, tab];
}

const save = (tab) => tab.getByRole('button', { name: 'Save', exact: true }).click();

export function permissions(world) {
    it("switches between off, read only and the owner's list, and loses none of it", async () => {
        const own = { 'feed/list': 'read', 'feed/set': 'write' };
        const [visitor, tab] = await custom(world, own);
        await mode(tab, 'read_only').click();
        await tab.getByText('From now on feeds, inputs and graphs').waitFor();
        assert.equal(world.home.saved().ACCESS_CONTROL['feed/set'], undefined);
        assert.equal(world.home.saved().ACCESS_CONTROL['feed/data'], 'read');
        await mode(tab, 'off').click();
        await tab.getByText('Remote access is off').waitFor();
        assert.equal(world.home.saved().ENABLED, false);
        await tab.reload();
        await mode(tab, 'off').and(tab.locator('.ra-chosen')).waitFor();
        await mode(tab, 'custom').click();
        await tab.getByRole('button', { name: 'Save and switch on' }).click();
        await tab.getByText('Your list is in force').waitFor();
        assert.deepEqual(world.home.saved().ACCESS_CONTROL, own);
        assert.equal(world.home.saved().ENABLED, true);
        await visitor.leave();
    });

    it('offers what this emoncms has, but not what is never relayed', async () => {
        const [visitor, tab] = await custom(world);
        const feed = await openGroup(tab, 'feed');
        for (const path of ['feed/list', 'feed/data', 'feed/set', 'feed/delete']) await line(feed, path).waitFor();
        assert.equal(
            await tab
                .locator(
                    '[data-path$="/api"], [data-path^="admin/"], [data-path^="remoteaccess/"], [data-path="user/auth"]',
                )
                .count(),
            0,
        );
        await openGroup(tab, 'input');
        await line(tab, 'input/list').waitFor();
        await visitor.leave();
    });

    it('saves ticks, and asks once about write access', async () => {
        const [visitor, tab] = await custom(world);
        await openGroup(tab, 'feed');
        await line(tab, 'feed/data').click();
        await line(tab, 'feed/set').click();
        const question = tab.locator('dialog');
        await question.getByText('Write access lets people').waitFor();
        await question.getByRole('button', { name: 'Cancel' }).click();
        await until('the tick to go', async () => !(await line(tab, 'feed/set').locator('input').isChecked()));
        await line(tab, 'feed/set').click();
        await question.getByRole('button', { name: 'Allow write access' }).click();
        await line(tab, 'feed/delete').click();
        assert.equal(await question.count(), 0, 'asked once');
        await tab.getByText('3 changes are not saved yet').waitFor();
        await save(tab);
        await tab.getByText('Your list is in force').waitFor();
        assert.deepEqual(world.home.saved().ACCESS_CONTROL, {
            'feed/data': 'read',
            'feed/delete': 'write',
            'feed/list': 'read',
            'feed/set': 'write',
        });
        await visitor.leave();
    });

    it('can be ticked with the keyboard', async () => {
        const [visitor, tab] = await custom(world);
        await openGroup(tab, 'feed');
        await line(tab, 'feed/data').locator('input').focus();
        await tab.keyboard.press('Space');
        await tab.getByText('1 change is not saved yet').waitFor();
        await tab.keyboard.press('Space');
        await tab.getByText('1 change is not saved yet').waitFor({ state: 'hidden' });
        await visitor.leave();
    });

    it('takes any name for a module', async () => {
        const [visitor, tab] = await custom(world, { 'constructor/list': 'read', '__proto__/list': 'read' });
        await openGroup(tab, 'constructor');
        await line(tab, 'constructor/list').waitFor();
        await visitor.leave();
    });

    it('finds endpoints', async () => {
        const [visitor, tab] = await custom(world);
        await tab.locator('.ra-search').fill('FEED/DATA');
        await line(tab, 'feed/data').waitFor();
        assert.equal(await line(tab, 'feed/list').count(), 0);
        await tab.locator('.ra-search').fill('no such thing');
        await tab.getByText('Nothing found.').waitFor();
        await visitor.leave();
    });

    it('checks what is added by hand', async () => {
        const [visitor, tab] = await custom(world);
        const adder = tab.locator('.ra-adder');
        for (const [typed, words] of [
            ['feed', 'is not an endpoint'],
            ['feed/list.json', 'is not an endpoint'],
            ['admin/users', 'never available'],
            ['<b>/x', 'is not an endpoint'],
        ]) {
            await adder.getByLabel('Endpoint').fill(typed);
            await adder.getByRole('button', { name: 'Add' }).click();
            await adder.getByText(words).and(adder.getByText(typed)).waitFor();
        }
        await adder.getByLabel('Endpoint').fill('mymodule/*');
        await adder.getByRole('button', { name: 'Add' }).click();
        await line(tab, 'mymodule/*').waitFor();
        await save(tab);
        await tab.getByText('Your list is in force').waitFor();
        assert.deepEqual(world.home.saved().ACCESS_CONTROL, { 'feed/list': 'read', 'mymodule/*': 'read' });
        await visitor.leave();
    });

    it('tells what a broader entry still allows', async () => {
        const [visitor, tab] = await custom(world, { 'feed/*': 'read' });
        await openGroup(tab, 'feed');
        await line(tab, 'feed/list').getByText('allowed all the same, by “feed/*”').waitFor();
        await visitor.leave();
    });

    it('starts from presets', async () => {
        const [visitor, tab] = await custom(world, {});
        await tab.getByLabel('Start from').selectOption({ label: 'Everything readable' });
        await save(tab);
        await tab.getByText('Your list is in force').waitFor();
        const list = world.home.saved().ACCESS_CONTROL;
        assert.equal(list['feed/data'], 'read');
        assert.deepEqual([...new Set(Object.values(list))], ['read']);
        await visitor.leave();
    });

    it('shows a wrong entry of the file, so that it can be taken out', async () => {
        const [visitor, tab] = await custom(world, { 'feed/list': 'read', 'Nonsense here': 'read' });
        await line(tab, 'Nonsense here').evaluate((element) => {
            element.closest('details').open = true;
        });
        await line(tab, 'Nonsense here').click();
        await save(tab);
        await tab.getByText('Your list is in force').waitFor();
        assert.deepEqual(world.home.saved().ACCESS_CONTROL, { 'feed/list': 'read' });
        await visitor.leave();
    });

    it('tries a request by the rules of the agent', async () => {
        const [visitor, tab] = await custom(world, { 'feed/*': 'read', 'feed/set': 'write' });
        const tester = tab.locator('.ra-tester');
        for (const [typed, words] of [
            ['feed/list.json?id=1', 'would be answered with the read key'],
            ['feed/set', 'would be answered with the write key'],
            ['input/list', 'not in your list'],
            ['admin/users', 'never available'],
            ['feed', 'not an endpoint'],
        ]) {
            await tester.getByLabel('Endpoint').fill(typed);
            await tester.getByRole('button', { name: 'Try' }).click();
            await tester.getByText(words).waitFor();
        }
        await visitor.leave();
    });

    it("lets two windows change the list, and loses neither's entry", async () => {
        const [visitor, one] = await custom(world);
        const two = await visitor.open('permissions');
        for (const tab of [one, two]) await openGroup(tab, 'feed');
        await line(one, 'feed/data').click();
        await line(two, 'feed/value').click();
        await line(two, 'feed/list').click();
        await save(one);
        await one.getByText('Your list is in force').waitFor();
        await save(two);
        await two.getByText('Somebody else saved first').waitFor();
        await two.locator('.ra-conflict').getByText('feed/data').waitFor();
        assert.deepEqual(world.home.saved().ACCESS_CONTROL, { 'feed/data': 'read', 'feed/list': 'read' });
        await two.getByRole('button', { name: 'Save mine with theirs' }).click();
        await two.getByText('Your list is in force').waitFor();
        assert.deepEqual(world.home.saved().ACCESS_CONTROL, { 'feed/data': 'read', 'feed/value': 'read' });
        await visitor.leave();
    });

    it('is off when one says off, also from a window that is out of date, and keeps what is being edited', async () => {
        const [visitor, one] = await custom(world);
        const two = await visitor.open('permissions');
        for (const tab of [one, two]) await openGroup(tab, 'feed');
        await line(one, 'feed/data').click();
        await save(one);
        await one.getByText('Your list is in force').waitFor();
        await line(two, 'feed/value').click();
        await mode(two, 'off').click();
        await two.getByText('Remote access is off').waitFor();
        assert.equal(world.home.saved().ENABLED, false);
        assert.equal(world.home.saved().ACCESS_CONTROL['feed/data'], 'read');
        await mode(two, 'custom').click();
        await two.getByText('1 change is not saved yet').waitFor();
        await two.getByRole('button', { name: 'Save and switch on' }).click();
        await two.getByText('Somebody else saved first').waitFor();
        await visitor.leave();
    });

    it('can be chosen before there is an account', async () => {
        const visitor = await world.browser.visitor(world.home);
        const tab = await visitor.open('permissions');
        await tab.getByText('as soon as you have connected').waitFor();
        await mode(tab, 'custom').click();
        await openGroup(tab, 'feed');
        await line(tab, 'feed/value').click();
        await save(tab);
        await tab.getByText('Saved.').waitFor();
        await until('the file', () => world.home.saved().ACCESS_CONTROL['feed/value'] === undefined);
        assert.equal(world.home.saved().ENABLED, false);
        await visitor.leave();
    });
}
