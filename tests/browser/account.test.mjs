// Sign-in, second factor, sessions, keys, homes and password, through the whole chain.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Browser } from './lib/browser.mjs';
import { Stage } from './lib/stage.mjs';
import { code } from './lib/totp.mjs';

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

async function account() {
    const owner = await browser.owner(stage);
    await owner.open('#/account');
    await owner.page.getByRole('heading', { name: 'API keys' }).waitFor();
    return { owner, page: owner.page };
}

const section = (page, name) => page.getByRole('region', { name, exact: true });

test('a key is shown once, opens the API, and is closed at once', async () => {
    const { owner, page } = await account();
    await page.getByRole('button', { name: 'Make a key' }).click();
    await page.getByLabel('What it is for').fill('A <b>kitchen</b>');
    await page.getByRole('dialog').getByRole('button', { name: 'Make a key' }).click();
    const key = await page.getByRole('dialog').locator('code').innerText();
    assert.match(key, /^[0-9a-f]{32}$/);
    await page.getByRole('button', { name: 'Close' }).click();
    const ask = () =>
        fetch(`${stage.url}/feed/list.json`, {
            headers: { Authorization: `Bearer ${key}` },
        });
    assert.equal((await ask()).status, 200);
    await page.reload();
    const line = section(page, 'API keys').getByRole('listitem').filter({ hasText: 'A <b>kitchen</b>' });
    await line.waitFor();
    assert.ok(!(await page.content()).includes(key), 'never again');
    await line.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await line.waitFor({ state: 'detached' });
    assert.equal((await ask()).status, 401);
    await owner.leave();
});

test('another browser is signed out from here, and is told', async () => {
    const other = await browser.owner(stage);
    const { owner, page } = await account();
    const lines = section(page, 'Where you are signed in').getByRole('listitem');
    await lines.filter({ hasText: 'this browser' }).waitFor();
    const before = await lines.count();
    await lines.getByRole('button', { name: 'Sign out', exact: true }).first().click();
    await page.waitForFunction(
        (before) => document.querySelectorAll('[aria-label="Where you are signed in"] li').length < before,
        before,
    );
    for (;;) {
        const button = lines.getByRole('button', { name: 'Sign out', exact: true }).first();
        if ((await button.count()) === 0) break;
        const count = await lines.count();
        await button.click();
        await page.waitForFunction(
            (before) => document.querySelectorAll('[aria-label="Where you are signed in"] li').length < before,
            count,
        );
    }
    await other.page.getByText('Your session has ended.').waitFor({ timeout: 25_000 });
    await owner.leave();
    await other.leave();
});

test('signing out everywhere ends this session too', async () => {
    const { owner, page } = await account();
    await page.getByRole('button', { name: 'Sign out everywhere' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Sign out everywhere' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await owner.leave();
});

test('a second factor is set up, asked for, and turned off with a recovery code', async () => {
    const { owner, page } = await account();
    const factor = section(page, 'Second factor');
    await factor.getByRole('button', { name: 'Set up' }).click();
    await page.getByLabel('Your password').fill('not it');
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByRole('dialog').getByRole('alert').waitFor();
    await page.getByLabel('Your password').fill(stage.password);
    await page.getByRole('button', { name: 'Next' }).click();
    const picture = page.getByAltText('QR code with the secret below');
    await picture.waitFor();
    assert.ok((await picture.evaluate((image) => image.naturalWidth)) > 50, 'the picture is seen');
    const secret = await page.getByRole('dialog').locator('code').innerText();
    await owner.picture('account-second-factor');
    await page.getByLabel('Then enter the code that it shows').fill(code(secret, -1));
    await page.getByRole('button', { name: 'Turn on', exact: true }).click();
    await page.getByRole('heading', { name: 'Recovery codes' }).waitFor();
    const codes = (await page.getByRole('dialog').locator('code').innerText()).split('\n');
    assert.equal(codes.length, 10);
    await page.getByRole('button', { name: 'I have kept them' }).click();
    await factor.getByText('On', { exact: true }).waitFor();

    const other = await browser.visitor(stage);
    await other.page.goto('/');
    await other.page.getByLabel('Name').fill(stage.username);
    await other.page.getByLabel('Password').fill(stage.password);
    await other.page.keyboard.press('Enter');
    const field = other.page.getByLabel('Code from your authenticator app');
    await field.fill('000000');
    await other.page.keyboard.press('Enter');
    await other.page.getByText('That code is not right.').waitFor();
    await other.picture('sign-in-second-factor');
    await field.fill(code(secret));
    await other.page.keyboard.press('Enter');
    await other.page.getByRole('heading', { name: 'Feeds', exact: true }).waitFor();
    await other.leave();

    await factor.getByRole('button', { name: 'Turn off' }).click();
    await page.getByLabel('Your password').fill(stage.password);
    await page.getByLabel('Code', { exact: false }).last().fill(codes[0]);
    await page.getByRole('dialog').getByRole('button', { name: 'Turn off' }).click();
    await factor.getByText('Off', { exact: true }).waitFor();
    await owner.leave();
});

test('a home is added with a code, renamed, chosen, and deleted', async () => {
    const { owner, page } = await account();
    const homes = section(page, 'Homes');
    await page.getByRole('button', { name: 'Add a home' }).click();
    await page.getByLabel('Name of the new home').fill('Cabin');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('dialog').locator('code').first().waitFor();
    const words = await page.getByRole('dialog').locator('code').allInnerTexts();
    assert.equal(words[0], stage.username);
    assert.ok(words[1].length >= 8, 'a code');
    await page.getByRole('button', { name: 'Close' }).click();
    const cabin = homes.getByRole('listitem').filter({ hasText: 'Cabin' });
    await cabin.getByText('Not connected yet').waitFor();
    await cabin.getByRole('button', { name: 'Rename' }).click();
    await page.getByLabel('New name').fill('Cabin & lake');
    await page.getByRole('button', { name: 'Save' }).click();
    await homes.getByText('Cabin & lake').waitFor();

    await page.getByLabel('Home', { exact: true }).selectOption({ label: 'Cabin & lake' });
    await page.getByRole('link', { name: 'Feeds', exact: true }).click();
    await page.getByText('This home has never been connected').waitFor();
    await owner.picture('trouble-never-connected');
    await page.getByLabel('Home', { exact: true }).selectOption({ index: 0 });
    await page.locator('.feed').first().waitFor();

    await owner.open('#/account');
    await homes.getByRole('listitem').filter({ hasText: 'Cabin' }).getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await homes.getByText('Cabin & lake').waitFor({ state: 'detached' });
    await owner.leave();
});

test('the password is changed, and nothing else than the new one opens', async () => {
    const { owner, page } = await account();
    const fresh = 'another battery staple';
    await page.getByLabel('Present password').fill('not it');
    await page.getByLabel('New password', { exact: true }).fill(fresh);
    await page.getByLabel('New password again').fill(`${fresh}!`);
    await page.getByText('The two are not the same.').waitFor();
    await page.getByLabel('New password again').fill(fresh);
    await page.getByRole('button', { name: 'Change password' }).click();
    await section(page, 'Password').getByRole('alert').waitFor();
    await page.getByLabel('Present password').fill(stage.password);
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByText('Changed. All other browsers are signed out.').waitFor();
    stage.password = fresh;
    await (await browser.owner(stage)).leave();
    await page.reload();
    await section(page, 'Recent events').getByText('Changed the password').first().waitFor();
    await owner.leave();
});

test('the page speaks other languages', async () => {
    const { owner, page } = await account();
    await page.getByLabel('Language').selectOption('de');
    await page.getByRole('heading', { name: 'Konto', exact: true }).waitFor();
    assert.equal(await page.locator('html').getAttribute('lang'), 'de');
    await page.reload();
    await page.getByRole('heading', { name: 'Konto', exact: true }).waitFor();
    await page.getByLabel('Sprache').selectOption('fr');
    await page.getByRole('heading', { name: 'Compte', exact: true }).waitFor();
    await owner.leave();
});
