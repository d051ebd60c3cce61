// Which homes are there: told by the server as it changes, or asked for where that is not to be had.

import { isAway, reached } from '../state/reach';

export interface Presence {
    name: string;
    state: 'online' | 'offline' | 'never' | 'unknown';
    since?: number;
    last_seen?: number;
}

/** What is heard of a home: how it is, or that it is no more. */
export type Change = Presence | { name: string; state: 'deleted' };

const POLL_MS = 15_000;
const RETRY_MS = 60_000;

/** Calls `hear` for each change while somebody looks, or `poll` now and then. Returns how to stop it. */
export function watchPresence(hear: (change: Change) => void, poll: () => void): () => void {
    let events: EventSource | null = null;
    let polling = 0;
    let retry = 0;

    const open = () => {
        events = new EventSource('/-/homes/events');
        events.addEventListener('open', () => {
            reached(true);
            stopPolling();
        });
        events.addEventListener('home', (event) => {
            const change = read(event.data);
            if (change) hear(change);
        });
        events.addEventListener('error', () => {
            // Told at once, since what is shown may not be so any longer.
            if (!isAway.value) poll();
            // Where it is not closed, the browser itself tries again.
            if (events?.readyState !== EventSource.CLOSED) return;
            polling ||= window.setInterval(poll, POLL_MS);
            clearTimeout(retry);
            retry = window.setTimeout(() => document.hidden || open(), RETRY_MS);
        });
    };
    const stopPolling = () => {
        clearInterval(polling);
        polling = 0;
    };
    const close = () => {
        events?.close();
        clearTimeout(retry);
        stopPolling();
    };
    const look = () => {
        close();
        if (!document.hidden) open();
    };
    document.addEventListener('visibilitychange', look);
    look();
    return () => {
        document.removeEventListener('visibilitychange', look);
        close();
    };
}

function read(text: string): Change | null {
    try {
        const change: unknown = JSON.parse(text);
        const isOne = typeof change === 'object' && change !== null && 'name' in change && 'state' in change;
        return isOne ? (change as Change) : null;
    } catch {
        return null;
    }
}
