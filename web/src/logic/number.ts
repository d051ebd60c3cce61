// Numbers as emoncms sends them, and as people read them.

/** What emoncms sent as a number; null for everything else. PHP writes numbers as texts now and then. */
export function toNumber(value: unknown): number | null {
    if (typeof value === 'string' && value.trim() !== '') value = Number(value);
    return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** Seconds since 1970, where they are a time that calendars know. */
export function toTime(value: unknown): number | null {
    const time = toNumber(value);
    return time !== null && time >= 0 && time < LAST_TIME ? time : null;
}

/** A text or a number as a text; empty for everything else, which may be built to harm. */
export function toText(value: unknown): string {
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** How many decimals `value` needs to be told from its neighbours: about four digits in all. */
export function decimals(value: number): number {
    const size = Math.abs(value);
    if (size >= 1000) return 0;
    if (size >= 100) return 1;
    return 2;
}

/** Around the year 5000. */
const LAST_TIME = 1e11;

const formats = new Map<string, Intl.NumberFormat>();

/** From here on a number is written with a power of ten: what is longer fits nowhere. */
const HUGE = 1e12;

/** With the digits that it deserves, in the reader's own way of writing. */
export function inDigits(value: number | null, language?: string, places?: number): string {
    if (value === null) return '–';
    const digits = places ?? decimals(value);
    const notation = Math.abs(value) >= HUGE ? 'scientific' : 'standard';
    const key = `${language} ${digits} ${notation}`;
    let format = formats.get(key);
    if (!format) {
        format = new Intl.NumberFormat(language, {
            maximumFractionDigits: notation === 'standard' ? digits : 2,
            notation,
        });
        formats.set(key, format);
    }
    // No minus where nothing is left of the number.
    const rounded = Number(value.toFixed(digits));
    return format.format(rounded || 0);
}

/** Bytes in the unit that suits them. */
export function inBytes(bytes: number | null, language?: string): string {
    if (bytes === null || bytes < 0) return '–';
    const units = ['B', 'kB', 'MB', 'GB', 'TB'];
    let unit = 0;
    while (bytes >= 1000 && unit < units.length - 1) {
        bytes /= 1000;
        unit += 1;
    }
    return `${inDigits(bytes, language, bytes < 10 && unit > 0 ? 1 : 0)} ${units[unit]}`;
}
