// Views whose scripts are fetched when somebody first wants them.

import { defineAsyncComponent, h, type Component } from 'vue';
import { settled } from '../logic/once';
import Missing from './Missing.vue';

type Load = () => Promise<{ default: Component }>;

export interface Lazy {
    view: Component;
    /** Fetches it before it is wanted. */
    prepare: () => void;
}

export function lazy(name: string, load: Load): Lazy {
    let failure: unknown = null;
    const fetch: Load = async () => {
        // Neither browsers nor Vite fetch all of it a second time: only a new page does.
        if (failure) throw failure;
        try {
            const module = await load();
            settled(name);
            return module;
        } catch (error) {
            failure = error ?? new Error('a view is missing');
            throw failure;
        }
    };
    return {
        view: defineAsyncComponent({
            loader: fetch,
            errorComponent: () => h(Missing, { name }),
            onError: (_, __, fail) => fail(),
        }),
        prepare: () => void fetch().catch(() => {}),
    };
}
