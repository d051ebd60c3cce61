// What is shown, as a table for other programs.

import type { Table } from './points';

/** With a head line, times as ISO 8601 in UTC, and empty fields where there is no value. */
export function toCsv({ times, columns }: Table, names: string[]): string {
    const lines = [['time', ...names].map(field).join(',')];
    times.forEach((time, at) => {
        const moment = new Date(time * 1000).toISOString().replace('.000Z', 'Z');
        lines.push([moment, ...columns.map((column) => column[at] ?? '')].join(','));
    });
    return lines.join('\r\n') + '\r\n';
}

/** Quoted where need be. Names come from elsewhere: none may become a formula where a spreadsheet opens the file. */
function field(text: string): string {
    const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/** A name for a file, of letters, digits and dashes. */
export function fileName(names: string[], extension: string): string {
    const joined = names.join('-').replace(/[^\p{L}\p{N}_-]+/gu, '-');
    return `${joined.replace(/^-+|-+$/g, '').slice(0, 80) || 'feeds'}.${extension}`;
}
