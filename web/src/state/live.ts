// Something of the home that is looked at, fetched again and again while somebody looks.

import { nextTick, onMounted, onUnmounted, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue';
import { GONE, type Answer, type Refusal } from '../server/http';
import { now } from './clock';
import { absence, onPresence, target } from './homes';
import { isAway } from './reach';
import { session } from './session';

/** Every how often, in milliseconds. */
const EVERY = 10_000;
/** A busy server is given more time, up to this. */
const LONGEST = 60_000;
/** From when on an answer is slow. */
export const SLOW_MS = 4000;

export interface Live<T> {
    /** What came last; it stays where the next answer is a refusal. */
    data: ShallowRef<T | null>;
    /** When that came. */
    at: Ref<number>;
    /** Why nothing newer came. */
    refusal: Ref<Refusal | null>;
    slow: Ref<boolean>;
    refresh: () => Promise<void>;
    /** For a component's setup: fetches while it is shown. */
    use: () => void;
}

export function live<T>(fetch: (signal: AbortSignal) => Promise<Answer<T>>): Live<T> {
    const data = shallowRef<T | null>(null);
    const at = ref(0);
    const refusal = ref<Refusal | null>(null);
    const slow = ref(false);
    let users = 0;
    let timer = 0;
    let under: AbortController | null = null;

    async function refresh(): Promise<void> {
        clearTimeout(timer);
        under?.abort();
        const mine = (under = new AbortController());
        const slowly = setTimeout(() => (slow.value = true), SLOW_MS);
        const answer = await fetch(mine.signal);
        clearTimeout(slowly);
        if (under !== mine) return;
        under = null;
        slow.value = false;
        let pause = EVERY;
        if (answer.ok) {
            [data.value, at.value, refusal.value] = [answer.data, now.value, null];
        } else if (answer.refusal.code !== 'cancelled') {
            refusal.value = answer.refusal;
            pause = Math.min(LONGEST, Math.max(EVERY, (answer.refusal.retryAfter ?? 0) * 1000));
        }
        if (users > 0 && !document.hidden) timer = window.setTimeout(refresh, pause);
    }

    function pause(): void {
        clearTimeout(timer);
        under?.abort();
        under = null;
        slow.value = false;
    }

    const look = () => (document.hidden ? pause() : refresh());

    /** What is shown is not so any longer, and was not asked for to find out. */
    function fall(why: Refusal): void {
        pause();
        refusal.value = why;
        if (users > 0 && !document.hidden) timer = window.setTimeout(refresh, EVERY);
    }

    /** It is another home's now, or nobody's. */
    function forget(): void {
        pause();
        [data.value, refusal.value] = [null, null];
        // The view of the other home may be another one, which asks for itself.
        nextTick(() => {
            if (users > 0 && !under) refresh();
        });
    }

    // '' was the account's first home, before its name was known.
    watch(target, (_, before) => void (before !== '' && forget()));
    watch(
        () => session.user?.username,
        (_, before) => before !== undefined && forget(),
    );
    onPresence((change) => {
        const why = absence(change);
        if (why) fall(why);
        else if (users > 0 && change.state === 'online') refresh();
    });
    watch(isAway, (away) => {
        if (away) fall(GONE);
        else if (users > 0 && !under && refusal.value) refresh();
    });

    function use(): void {
        onMounted(() => {
            users += 1;
            if (users > 1) return;
            document.addEventListener('visibilitychange', look);
            // What was asked for just now, before anybody was there to see it, will do.
            const isNew = data.value !== null && refusal.value === null && now.value - at.value < EVERY / 2000;
            if (!under && !isNew) look();
            else if (!under) timer = window.setTimeout(refresh, EVERY);
        });
        onUnmounted(() => {
            users -= 1;
            if (users > 0) return;
            document.removeEventListener('visibilitychange', look);
            pause();
        });
    }

    return { data, at, refusal, slow, refresh, use };
}
