// A list of the account page: fetched when it is shown and after each change.

import { onMounted, ref, shallowRef } from 'vue';
import type { Answer, Refusal } from '../server/http';

export function fetched<T>(fetch: () => Promise<Answer<T>>) {
    const data = shallowRef<T | null>(null);
    const refusal = ref<Refusal | null>(null);
    const busy = ref(false);

    async function refresh(): Promise<void> {
        const answer = await fetch();
        refusal.value = answer.ok ? null : answer.refusal;
        if (answer.ok) data.value = answer.data;
    }

    /** Does something, tells where that fails, and shows what it is like then. */
    async function act<R>(what: () => Promise<Answer<R>>): Promise<Answer<R> | null> {
        if (busy.value) return null;
        busy.value = true;
        const answer = await what();
        busy.value = false;
        if (answer.ok) await refresh();
        else refusal.value = answer.refusal;
        return answer;
    }

    onMounted(refresh);
    return { data, refusal, busy, refresh, act };
}
