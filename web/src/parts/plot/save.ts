// What is shown, as a file.

import { fileName, toCsv } from '../../logic/csv';
import { lay } from '../../logic/legend';
import { short } from '../../logic/names';
import { sideBySide, type Points } from '../../logic/points';
import type { Drawn } from './options';

const FONT = 'system-ui, sans-serif';
/** Letters of a name in the legend. */
const MOST_NAME = 48;

export function saveCsv(points: Points[], drawn: Drawn[]): void {
    const names = drawn.map(({ name, unit }) => (unit ? `${name} (${unit})` : name));
    const text = toCsv(sideBySide(points), names);
    // With the mark by which spreadsheets know UTF-8.
    save(new Blob(['\ufeff', text], { type: 'text/csv' }), fileName(names, 'csv'));
}

const MARGIN = 16;
const SWATCH = 12;
const LINE = 22;

/** The drawing with its legend above: names and units, and which time it is. */
export function savePicture(canvas: HTMLCanvasElement, drawn: Drawn[], times: string): void {
    const dots = devicePixelRatio || 1;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const picture = document.createElement('canvas');
    const context = picture.getContext('2d');
    if (!context) return;
    const [bold, plain] = [`600 14px ${FONT}`, `12px ${FONT}`];
    const width = canvas.width / dots + MARGIN;
    const room = width - 2 * MARGIN;
    const texts = drawn.map(({ name, unit }) => short(name, MOST_NAME) + (unit && ` (${unit})`));
    context.font = bold;
    const widths = texts.map((text) => Math.min(room, SWATCH + 6 + context.measureText(text).width));
    const spots = lay(widths, room, 20);
    const head = MARGIN + LINE * ((spots.at(-1)?.line ?? -1) + 2);

    // To give it a size wipes a canvas clean, of its settings too.
    picture.width = width * dots;
    picture.height = head * dots + canvas.height;
    context.scale(dots, dots);
    context.fillStyle = colour('--surface');
    context.fillRect(0, 0, width, picture.height);
    context.textBaseline = 'middle';
    context.font = bold;
    spots.forEach(({ line, left }, at) => {
        const [x, y] = [MARGIN + left, MARGIN + LINE * line];
        context.fillStyle = drawn[at]!.colour;
        context.fillRect(x, y - SWATCH / 2, SWATCH, SWATCH);
        context.fillStyle = colour('--ink');
        context.fillText(texts[at]!, x + SWATCH + 6, y, room - SWATCH - 6);
    });
    context.font = plain;
    context.fillStyle = colour('--quiet');
    context.fillText(times, MARGIN, head - LINE + 2, room);
    context.drawImage(canvas, MARGIN / 2, head, canvas.width / dots, canvas.height / dots);
    const names = drawn.map(({ name }) => name);
    picture.toBlob((blob) => blob && save(blob, fileName(names, 'png')), 'image/png');
}

export function save(blob: Blob, name: string): void {
    const address = URL.createObjectURL(blob);
    const link = document.createElement('a');
    link.href = address;
    link.download = name;
    link.click();
    // The browser has begun to read it by then.
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
