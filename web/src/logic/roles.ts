// What the page "Now" shows, and which feeds most likely tell it.

import { isMeter } from './graph';

export type Role = 'house' | 'solar' | 'heatpump' | 'grid';
export const ROLES: readonly Role[] = ['house', 'solar', 'heatpump', 'grid'];

/** Feed ids, '' for none. */
export interface Choice {
    power: string;
    energy: string;
}
export type Choices = Record<Role, Choice>;

interface Known {
    id: string;
    name: string;
    tag: string;
    unit: string;
}

/** As emoncms' guides and apps call them; the earlier, the better. */
const NAMES: Record<Role, RegExp[]> = {
    house: [/^use$/, /^(house|home|load|consumption)$/, /(^|[^a-z])(use|house|consumption|load)([^a-z]|$)/],
    solar: [/^(solar|pv)$/, /(^|[^a-z])(solar|pv|generation|inverter)([^a-z]|$)/],
    heatpump: [/^heat_?pump_elec$/, /^(heat_?pump|hp)$/, /heat_?pump(?!.*heat)(?!.*temp)/],
    grid: [/^(grid|import)$/, /(^|[^a-z])grid([^a-z]|$)/],
};

export function noChoices(): Choices {
    const none = () => ({ power: '', energy: '' });
    return { house: none(), solar: none(), heatpump: none(), grid: none() };
}

/** The likeliest feeds. */
export function guess(feeds: Known[]): Choices {
    const choices = noChoices();
    const taken = new Set<string>();
    const find = (role: Role, fits: (feed: Known) => boolean, plain: (name: string) => string): string => {
        for (const pattern of NAMES[role]) {
            const found = feeds.find((feed) => !taken.has(feed.id) && fits(feed) && pattern.test(plain(feed.name)));
            if (!found) continue;
            taken.add(found.id);
            return found.id;
        }
        return '';
    };
    for (const role of ROLES) {
        choices[role].power = find(role, isPower, (name) => name.toLowerCase());
        const bare = (name: string) => name.toLowerCase().replace(/[_ ]*kwh([_ ]*import)?$/, '');
        choices[role].energy = find(role, ({ unit }) => isMeter(unit), bare);
    }
    return choices;
}

export function isPower({ unit }: { unit: string }): boolean {
    return /^k?W$/.test(unit.trim());
}

/** Whether what a browser kept is still of this shape. */
export function areChoices(value: unknown): value is Choices {
    return ROLES.every((role) => {
        const choice = (value as Choices | null)?.[role];
        return typeof choice?.power === 'string' && typeof choice.energy === 'string';
    });
}

/** kWh of a day of which `hours` have passed, from its mean power in W or kW. */
export function fromMean(mean: number | null, hours: number, unit: string): number | null {
    if (mean === null) return null;
    return (mean * hours) / (unit.trim() === 'kW' ? 1 : 1000);
}

/** The way of a line through values in a box of 100 by 30, in pieces where values are missing. */
export function sparkline(values: (number | null)[], low: number, high: number): string {
    const height = high > low ? high - low : 1;
    let way = '';
    let drawing = false;
    values.forEach((value, at) => {
        if (value === null) {
            drawing = false;
            return;
        }
        const x = (100 * at) / Math.max(1, values.length - 1);
        const y = 29 - (28 * (value - low)) / height;
        way += `${drawing ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`;
        drawing = true;
    });
    return way;
}
