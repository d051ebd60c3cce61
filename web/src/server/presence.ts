// Which homes are there: told by the server as it changes, or asked for where that is not to be had.

import { isAway, reached } from '../state/reach';

export interface Presence {
    name: string;
    state: 'online' | 'offline' | 'never' | 'unknown';
    since?: number;
    last_seen?: number;
    /** Until when it may not connect, as it sent far too much. */
    cut_until?: number;
}

/** What is heard of a home: how it is, or that it is no more. */
export type Change = Presence | { name: string; state: 'deleted' };

const POLL_MS = 10_000;
/** After what closed the stream: nothing was there to answer, or the server would not give one. */
const RETRY_MS = { away: 5000, refused: 60_000 };

/** Calls `hear` for each change while somebody looks, or `poll` now and then. Returns how to stop it. */
export function watchPresence(hear: (change: Change) => void, poll: () => Promise<void>): () => void {
    let events: EventSource | null = null;
    let polling = 0;
    let retry = 0;

    const open = () => {
        const stream = (events = new EventSource('/-/homes/events'));
        stream.addEventListener('open', () => {
            reached(true);
            stopPolling();
        });
        stream.addEventListener('home', (event) => {
            const change = read(event.data);
            if (change) hear(change);
        });
        stream.addEventListener('error', async () => {
            // Told at once, since what is shown may not be so any longer.
            if (!isAway.value) await poll();
            // Where it is not closed, the browser itself tries again.
            if (events !== stream || stream.readyState !== EventSource.CLOSED) return;
            polling ||= window.setInterval(poll, POLL_MS);
            clearTimeout(retry);
            retry = window.setTimeout(open, isAway.value ? RETRY_MS.away : RETRY_MS.refused);
        });
    };
    const stopPolling = () => {
        clearInterval(polling);
        polling = 0;
    };
    const close = () => {
        events?.close();
        events = null;
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
