// Draws the PNG icons from public/static/icon.svg with Debian's Chromium: `node scripts/icons.mjs`. They are in the
// repository, so nothing but a new drawing needs this.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const folder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../public/static');
const drawing = fs.readFileSync(path.join(folder, 'icon.svg'), 'utf8');
// Launchers cut maskable icons to any shape: the ground to the edges, the drawing in the middle.
const full = drawing.replace(' rx="14"', '').replace('<g ', '<g transform="translate(8 8) scale(.75)" ');

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
for (const [name, size, svg] of [
    ['icon-180.png', 180, drawing.replace(' rx="14"', '')],
    ['icon-192.png', 192, drawing],
    ['icon-512.png', 512, drawing],
    ['icon-maskable.png', 512, full],
]) {
    const page = await browser.newPage({ viewport: { width: size, height: size } });
    const picture = svg.replace('<svg ', `<svg width="${size}" height="${size}" `);
    await page.setContent(`<body style="margin:0">${picture}`);
    await page.screenshot({ path: path.join(folder, name), omitBackground: true });
}
await browser.close();
