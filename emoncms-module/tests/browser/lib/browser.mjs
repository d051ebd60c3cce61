// Debian's Chromium, and pages that fail their test when a script does.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

export const SIZES = { wide: { width: 1200, height: 900 }, phone: { width: 390, height: 844 } };

export class Browser {
    static async start() {
        const browser = new Browser();
        browser.chromium = await chromium.launch({
            executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
            args: ['--no-sandbox'],
        });
        return browser;
    }

    /** A person with a browser, signed in. */
    async visitor(home, user = home.owner, size = SIZES.wide) {
        const context = await this.chromium.newContext({ viewport: size, baseURL: home.base });
        context.setDefaultTimeout(10000);
        const answer =
            user &&
            (await context.request.post(`${home.base}user/login.json`, {
                form: { username: user.name, password: user.password },
            }));
        if (user) assert.equal((await answer.json()).success, true, 'signed in');
        return new Visitor(context, home);
    }

    stop() {
        return this.chromium.close();
    }
}

export class Visitor {
    constructor(context, home) {
        this.context = context;
        this.home = home;
        this.troubles = [];
        this.heard = [];
        context.on('page', (page) => {
            page.on('pageerror', (error) => this.troubles.push(error.message));
            page.on('response', async (response) => {
                if (response.url().includes('/remoteaccess/')) this.heard.push(await response.text().catch(() => ''));
            });
        });
    }

    async open(page = '') {
        const tab = await this.context.newPage();
        await tab.goto(`${this.home.base}remoteaccess/view${page && `/${page}`}`);
        return tab;
    }

    /** From a page of this emoncms, as its scripts do. */
    post(what, body, headers = {}) {
        return this.context.request.post(`${this.home.base}remoteaccess/${what}.json`, {
            data: body,
            headers: { Origin: new URL(this.home.base).origin, 'Content-Type': 'application/json', ...headers },
        });
    }

    async settings() {
        return (await this.context.request.get(`${this.home.base}remoteaccess/settings.json`)).json();
    }

    /** Everything that the browser was ever sent by this module. */
    everythingHeard() {
        return this.heard.join('\n');
    }

    async leave() {
        await this.context.close();
        assert.deepEqual(this.troubles, [], 'no script failed');
    }
}
