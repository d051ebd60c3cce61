// The feeds of the home that is looked at: one list for all views.

import { computed, reactive } from 'vue';
import { w } from '../i18n';
import { assign } from '../logic/colours';
import { feedList, type Feed } from '../server/feeds';
import type { Answer } from '../server/http';
import { homeKey, target } from './homes';
import { live } from './live';
import { keep, load } from './memory';
import { route } from './route';
import { session } from './session';

export const feeds = live(list);

const byId = computed(() => new Map((feeds.data.value ?? []).map((feed) => [feed.id, feed])));

export function feed(id: string): Feed | undefined {
    return byId.value.get(id);
}

/** Intervals and starts, which hardly ever change, and of which home they are. */
let known = new Map<string, Feed>();
let knownOf = '';

async function list(signal: AbortSignal): Promise<Answer<Feed[]>> {
    const meta = knownOf !== target.value || known.size === 0;
    const answer = await feedList(meta, signal);
    if (!answer.ok) return answer;
    // A feed without a name is still one that people can tell from others.
    for (const feed of answer.data) if (!feed.name.trim()) feed.name = w.value.graph.unknown(feed.id);
    if (meta) {
        known = new Map(answer.data.map((feed) => [feed.id, feed]));
        knownOf = target.value;
        return answer;
    }
    // A feed that is new makes the next list one with all of it.
    if (answer.data.some(({ id }) => !known.has(id))) known.clear();
    const data = answer.data.map((feed) => {
        const { interval = null, start = null } = known.get(feed.id) ?? {};
        return { ...feed, interval, start };
    });
    return { ok: true, data };
}

const selections = new Map<string, Set<string>>();

/** The feeds that are ticked, of the home that is looked at; as long as the page lives. */
export function selection(): Set<string> {
    const key = `${session.user?.username} ${route.home}`;
    const found = selections.get(key) ?? reactive(new Set<string>());
    selections.set(key, found);
    return found;
}

/** Places in the palette for these feeds. */
export function colours(ids: string[]): number[] {
    const key = `colours.${homeKey()}`;
    const kept = load<Record<string, number>>(key, {}, isColours);
    const before = Object.keys(kept).length;
    const places = assign(ids, kept);
    if (Object.keys(kept).length !== before) keep(key, kept);
    return places;
}

function isColours(value: unknown): boolean {
    return typeof value === 'object' && value !== null && Object.values(value).every(Number.isInteger);
}
