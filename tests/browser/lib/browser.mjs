// Debian's Chromium, and people who look at the view with it. A script that fails or breaks the page's policy fails
// the test.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';
import { project } from './stage.mjs';

// What the view is built with is there already.
const require = createRequire(path.join(project, 'web/package.json'));
const { chromium } = require('playwright-core');
const { AxeBuilder } = require('@axe-core/playwright');

export const LOOKS = {
    light: { viewport: { width: 1200, height: 900 }, colorScheme: 'light' },
    dark: { viewport: { width: 1200, height: 900 }, colorScheme: 'dark' },
    phone: {
        viewport: { width: 390, height: 844 },
        colorScheme: 'light',
        hasTouch: true,
        isMobile: true,
    },
};
const PATIENCE = 20_000;
const pictures = path.join(process.env.CARGO_TARGET_DIR ?? path.join(project, 'target'), 'view-pictures');

export class Browser {
    static async start() {
        const browser = new Browser();
        const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
        browser.chromium = await chromium.launch({
            executablePath,
            args: ['--no-sandbox'],
        });
        return browser;
    }

    /** Somebody who opens the view, not signed in. */
    async visitor(stage, look = LOOKS.light) {
        const options = {
            locale: 'en-GB',
            timezoneId: 'UTC',
            baseURL: stage.url,
            ...look,
        };
        const context = await this.chromium.newContext(options);
        context.setDefaultTimeout(PATIENCE);
        return new Visitor(stage, context, await context.newPage());
    }

    /** Somebody who is signed in and sees the feeds. */
    async owner(stage, look) {
        const visitor = await this.visitor(stage, look);
        await visitor.signIn();
        return visitor;
    }

    stop() {
        return this.chromium.close();
    }
}

class Visitor {
    constructor(stage, context, page) {
        Object.assign(this, { stage, context, page, troubles: [], requests: [] });
        page.on('pageerror', (error) => this.troubles.push(error.message));
        page.on('console', (message) => {
            const text = message.text();
            // A refusal's status is no fault of the page.
            if (message.type() === 'error' && !/^Failed to load resource/.test(text)) this.troubles.push(text);
        });
        page.on('request', (request) => this.requests.push(new URL(request.url())));
    }

    async signIn(password = this.stage.password) {
        await this.page.goto('/');
        await this.page.getByLabel('Name').fill(this.stage.username);
        await this.page.getByLabel('Password').fill(password);
        await this.page.getByRole('button', { name: 'Sign in' }).click();
        await this.page.getByRole('heading', { name: 'Feeds', exact: true }).waitFor();
    }

    /** `#/graph?…` */
    async open(view) {
        await this.page.goto(`/${view}`);
    }

    /** What home was asked by this browser. */
    relayed() {
        return this.requests.filter(({ pathname }) => /\/(feed|input)\//.test(pathname)).map((url) => url.pathname);
    }

    /** Whatever axe finds that keeps people out. */
    async faults() {
        const { violations } = await new AxeBuilder({ page: this.page }).analyze();
        const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
        return grave.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
    }

    async picture(name) {
        await this.page.screenshot({ path: this.pathOf(name), animations: 'disabled' });
    }

    /** Where a picture of that name is kept. */
    pathOf(name) {
        fs.mkdirSync(pictures, { recursive: true });
        return path.join(pictures, `${name}.png`);
    }

    /** What the test brought about itself. */
    forgive(expected) {
        this.troubles = this.troubles.filter((text) => !expected.test(text));
    }

    async leave() {
        await this.context.close();
        assert.deepEqual(this.troubles, [], 'no script failed');
    }
}
