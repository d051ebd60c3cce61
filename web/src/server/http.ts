// The one way to the bridge. Nothing here throws: a failure is an answer that says what happened.

import { setByServer } from '../state/clock';
import { reached } from '../state/reach';

/** Why there is no answer. */
export interface Refusal {
    /** As in docs/protocol.md; beside those: `bridge_gone`, `cancelled` and `emoncms_says`. */
    code: string;
    /** A sentence for people, in English, without a full stop. */
    message: string;
    /** HTTP's, 0 where there was none. */
    status: number;
    /** When the home was last seen, in seconds since 1970. */
    lastSeen?: number;
    /** Until when the home is kept away. */
    cutUntil?: number;
    /** Seconds. */
    retryAfter?: number;
}

export type Answer<T> = { ok: true; data: T } | { ok: false; refusal: Refusal };

interface Options {
    method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
    body?: unknown;
    signal?: AbortSignal;
    /** A password goes along: a 401 may mean that this one is wrong, and not that nobody is signed in. */
    proves?: boolean;
    /** Only how the answer begins is wanted, as text. */
    beginning?: boolean;
}

/** Longer than the bridge's own patience with a home, so that its refusal, which knows more, comes first. */
const PATIENCE_MS = 40_000;

/** A home's emoncms may say anything, at any length. */
const MOST_CODE = 40;
const MOST_MESSAGE = 240;

const listeners: (() => void)[] = [];

/** Calls `listener` whenever an answer says that nobody is signed in (any more). */
export function onSignedOut(listener: () => void): void {
    listeners.push(listener);
}

export async function ask<T>(path: string, options: Options = {}): Promise<Answer<T>> {
    const { method = 'GET', body, signal, proves = false, beginning = false } = options;
    const headers: Record<string, string> = { Accept: 'application/json' };
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    const patience = new AbortController();
    const cancel = () => patience.abort();
    const timer = setTimeout(cancel, PATIENCE_MS);
    signal?.addEventListener('abort', cancel);
    try {
        if (signal?.aborted) return cancelled();
        const response = await fetch(path, {
            method,
            headers,
            body: body === undefined ? undefined : JSON.stringify(body),
            signal: patience.signal,
            credentials: 'same-origin',
        });
        if (isProxys(response)) {
            reached(false);
            return gone();
        }
        const begun = beginning && response.ok;
        const answer = begun
            ? { ok: true as const, data: (await begin(response)) as T }
            : await read<T>(response, proves);
        reached(true);
        return answer;
    } catch {
        if (signal?.aborted) return cancelled();
        reached(false);
        return gone();
    } finally {
        if (beginning) cancel();
        clearTimeout(timer);
        signal?.removeEventListener('abort', cancel);
    }
}

/** Whether a proxy before the bridge says that it is away: the bridge numbers all that it answers, and sends no pages. */
function isProxys({ status, headers }: Response): boolean {
    const away = [502, 503, 504].includes(status) || status >= 520;
    const page = /^text\/html/i.test(headers.get('Content-Type') ?? '');
    return away && (page || !headers.has('X-Request-Id'));
}

/** What came first; the rest is not waited for. */
async function begin(response: Response): Promise<string> {
    setByServer(response.headers.get('Date'));
    const first = await response.body?.getReader().read();
    return new TextDecoder().decode(first?.value);
}

async function read<T>(response: Response, proves: boolean): Promise<Answer<T>> {
    setByServer(response.headers.get('Date'));
    const text = await response.text();
    let data: unknown = null;
    try {
        if (text !== '') data = JSON.parse(text);
    } catch {
        if (response.ok) return refuse('bad_answer', text.slice(0, MOST_MESSAGE), response.status);
    }
    if (response.ok && !isRefusal(data)) return { ok: true, data: data as T };

    const said = (typeof data === 'object' && data !== null ? data : {}) as Record<string, unknown>;
    const refusal: Refusal = {
        // A refusal of emoncms' own names no code.
        code:
            typeof said.error === 'string'
                ? said.error.slice(0, MOST_CODE)
                : response.ok
                  ? 'emoncms_says'
                  : `http_${response.status}`,
        message: typeof said.message === 'string' ? said.message.slice(0, MOST_MESSAGE) : '',
        status: response.status,
    };
    if (typeof said.last_seen === 'number') refusal.lastSeen = said.last_seen;
    const wait = Number(response.headers.get('Retry-After'));
    if (wait > 0) refusal.retryAfter = wait;
    const nobody = response.status === 401 && refusal.code === 'unauthorized' && !proves;
    if (nobody) listeners.forEach((listener) => listener());
    return { ok: false, refusal };
}

function isRefusal(data: unknown): boolean {
    return typeof data === 'object' && data !== null && 'success' in data && data.success === false;
}

function refuse(code: string, message: string, status: number): Answer<never> {
    return { ok: false, refusal: { code, message, status } };
}

/** That the server is away. */
export const GONE: Refusal = { code: 'bridge_gone', message: 'the server cannot be reached', status: 0 };

function gone(): Answer<never> {
    return { ok: false, refusal: GONE };
}

function cancelled(): Answer<never> {
    return refuse('cancelled', 'no longer needed', 0);
}
