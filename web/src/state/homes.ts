// The account's homes, which one is looked at, and whether it is there.

import { computed, ref, shallowRef } from 'vue';
import { ask, type Refusal } from '../server/http';
import { watchPresence, type Change, type Presence } from '../server/presence';
import { isKept, route, visit } from './route';

export interface Home extends Presence {
    title: string;
    site: string;
    agent?: string;
    credential: 'none' | 'device' | 'account';
    first_generation: boolean;
    created: number;
}

export const homes = shallowRef<Home[] | null>(null);
export const homesRefusal = ref<Refusal | null>(null);

/** The one that the address names; null where the account has none of that name, or they are not known. */
export const home = computed(() => {
    const list = homes.value ?? [];
    return (route.home === '' ? list[0] : list.find(({ name }) => name === route.home)) ?? null;
});
/** Whether the address names a home that is none of this account's. */
export const isStray = computed(() => !!homes.value?.length && home.value === null);

type Listener = (change: Presence) => void;
const listeners = new Set<Listener>();

/** Calls `listener` when the home that is looked at comes or goes. Returns how to stop that. */
export function onPresence(listener: Listener): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
}

/** Why a home of which this is heard does not answer; null where it may. */
export function absence({ state, last_seen }: Presence): Refusal | null {
    return state === 'offline' ? { code: 'home_offline', message: '', status: 503, lastSeen: last_seen } : null;
}

/** Whether a home is kept away by the server, for sending far too much. */
export function isCut(home: Presence | null, now: number): boolean {
    return (home?.cut_until ?? 0) > now;
}

/** Looks at another home. */
export function choose(name: string): void {
    visit(name === homes.value?.[0]?.name ? '' : name);
}

/** What people call a home; with its name where another is called the same. */
export function titleOf({ name, title }: Home): string {
    const same = (homes.value ?? []).filter((one) => plain(one.title) === plain(title));
    return same.length > 1 ? `${title} (${name})` : title;
}

function plain(title: string): string {
    return title.normalize('NFKC').replace(/\s+/g, ' ').trim().toLowerCase();
}

/** The name of the home that is asked, '' for the account's first. */
export const target = computed(() => home.value?.name ?? route.home);

/** Where the chosen home's emoncms answers. */
export function apiPath(endpoint: string): string {
    return target.value ? `/-/h/${target.value}/${endpoint}` : `/${endpoint}`;
}

/** What keeps this browser's choices for this home apart from those for another. */
export function homeKey(): string {
    return home.value?.site ?? route.home;
}

export async function loadHomes(): Promise<void> {
    const answer = await ask<Home[]>('/-/homes');
    homesRefusal.value = answer.ok ? null : answer.refusal;
    if (!answer.ok || !Array.isArray(answer.data)) return;
    const before = homes.value;
    homes.value = answer.data;
    for (const one of answer.data) {
        const was = before?.find(({ name }) => name === one.name);
        if (was && was.state !== one.state) tell(one);
    }
    // What this browser remembers may have been deleted, or of another account; a link is not bent.
    if (isStray.value && isKept()) visit('', true);
}

/** From now on until what it returns is called. */
export function followHomes(): () => void {
    loadHomes();
    return watchPresence(hear, loadHomes);
}

export function forgetHomes(): void {
    homes.value = null;
}

function hear(change: Change): void {
    const list = homes.value;
    const was = list?.find(({ name }) => name === change.name);
    if (!list) return;
    if (!was || change.state === 'deleted') {
        loadHomes();
        return;
    }
    homes.value = list.map((one) => (one === was ? { ...one, ...change } : one));
    if (was.state !== change.state) tell(change);
}

function tell(change: Presence): void {
    if (change.name === home.value?.name) listeners.forEach((listener) => listener(change));
}
