// The account's homes, which one is looked at, and whether it is there.

import { computed, ref, shallowRef } from 'vue';
import { ask, type Refusal } from '../server/http';
import { watchPresence, type Change, type Presence } from '../server/presence';
import { keep, load } from './memory';

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

const isName = (value: unknown) => typeof value === 'string' && /^[a-z0-9_-]{1,32}$/.test(value);
/** The name of the home that is looked at; '' for the account's first. */
export const chosenHome = ref(load('home', '', isName));

export const home = computed(() => {
    const list = homes.value ?? [];
    return list.find(({ name }) => name === chosenHome.value) ?? list[0] ?? null;
});

type Listener = (change: Presence) => void;
const listeners = new Set<Listener>();

/** Calls `listener` when the home that is looked at comes or goes. Returns how to stop that. */
export function onPresence(listener: Listener): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
}

export function choose(name: string): void {
    chosenHome.value = name;
    keep('home', name);
}

/** The name of the home that is asked, '' for the account's first. */
export const target = computed(() => home.value?.name ?? chosenHome.value);

/** Where the chosen home's emoncms answers. */
export function apiPath(endpoint: string): string {
    return target.value ? `/-/h/${target.value}/${endpoint}` : `/${endpoint}`;
}

/** What keeps this browser's choices for this home apart from those for another. */
export function homeKey(): string {
    return home.value?.site ?? chosenHome.value;
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
