// What this browser keeps for its reader: small choices, never data from home.

import { ref, watch, type Ref } from 'vue';

const PREFIX = 'remoteaccess.';

/** A choice that outlives the page. What is stored counts only where `isGood` says so. */
export function remembered<T>(key: string, standard: T, isGood: (value: unknown) => boolean): Ref<T> {
    const value = ref(load(key, standard, isGood)) as Ref<T>;
    watch(value, () => keep(key, value.value), { deep: true });
    return value;
}

export function load<T>(key: string, standard: T, isGood: (value: unknown) => boolean): T {
    try {
        const text = localStorage.getItem(PREFIX + key);
        const value: unknown = text === null ? undefined : JSON.parse(text);
        return value !== undefined && isGood(value) ? (value as T) : structuredClone(standard);
    } catch {
        return structuredClone(standard);
    }
}

export function keep(key: string, value: unknown): void {
    try {
        localStorage.setItem(PREFIX + key, JSON.stringify(value));
    } catch {
        // A private window or a full store: then it holds as long as the page does.
    }
}

export function isList(value: unknown): value is string[] {
    return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
