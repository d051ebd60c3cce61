// What is shown, as a file.

import { fileName, toCsv } from '../../logic/csv';
import { sideBySide, type Points } from '../../logic/points';
import type { Drawn } from './options';

export function saveCsv(points: Points[], drawn: Drawn[]): void {
    const names = drawn.map(({ name, unit }) => (unit ? `${name} (${unit})` : name));
    const text = toCsv(sideBySide(points), names);
    // With the mark by which spreadsheets know UTF-8.
    save(new Blob(['\ufeff', text], { type: 'text/csv' }), fileName(names, 'csv'));
}

/** The drawing with its names above, on the ground that it stands on. */
export function savePicture(canvas: HTMLCanvasElement, drawn: Drawn[], times: string): void {
    const dots = devicePixelRatio || 1;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const head = 52 * dots;
    const picture = document.createElement('canvas');
    picture.width = canvas.width + 24 * dots;
    picture.height = canvas.height + head;
    const context = picture.getContext('2d');
    if (!context) return;
    context.fillStyle = colour('--surface');
    context.fillRect(0, 0, picture.width, picture.height);
    context.font = `600 ${14 * dots}px system-ui, sans-serif`;
    let left = 16 * dots;
    for (const { name, unit, colour: own } of drawn) {
        context.fillStyle = own;
        context.fillRect(left, 11 * dots, 12 * dots, 12 * dots);
        left += 18 * dots;
        context.fillStyle = colour('--ink');
        const text = unit ? `${name} (${unit})` : name;
        context.fillText(text, left, 22 * dots);
        left += context.measureText(text).width + 20 * dots;
    }
    context.font = `${12 * dots}px system-ui, sans-serif`;
    context.fillStyle = colour('--quiet');
    context.fillText(times, 16 * dots, 42 * dots);
    context.drawImage(canvas, 8 * dots, head);
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
