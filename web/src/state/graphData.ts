// The points that the graph shows: no more than the screen can, and none that nobody waits for any longer.

import { computed, onMounted, onUnmounted, ref, shallowRef, watch, type Ref } from 'vue';
import { isMeter, sameData, type Graph } from '../logic/graph';
import { bearable, choose, isCalendar, seconds, type Interval } from '../logic/interval';
import type { Points } from '../logic/points';
import { came, questions, type Came, type Wanted } from '../logic/queries';
import { until, type Window } from '../logic/window';
import { feedData } from '../server/feeds';
import { GONE, type Refusal } from '../server/http';
import type { Presence } from '../server/presence';
import { now } from './clock';
import { feed, feeds } from './feeds';
import { absence, onPresence } from './homes';
import { SLOW_MS } from './live';
import { isAway } from './reach';

/** A line has about a point for every two dots of the screen, bars need room. */
const DOTS_EACH = { line: 1.6, bars: 16 };
/** While a window is dragged or turned, nothing is asked for. */
const SETTLE_MS = 120;
const LIVE_MS = [10_000, 60_000] as const;
const FIXED_INTERVAL = ['5', '6'];
const NONE: Points = { times: [], values: [] };

export function useGraphData(graph: Ref<Graph>, gesture: Ref<Window | null>, width: Ref<number>) {
    const found = shallowRef(new Map<string, Came>());
    const points = computed(() => graph.value.series.map(({ id }) => found.value.get(id)?.points ?? NONE));
    const steps = computed(() => graph.value.series.map(({ id }) => found.value.get(id)?.step ?? step.value));
    /** What was asked for when the points came that are shown, and of which window they are. */
    const shown = shallowRef<{ key: string; window: Window } | null>(null);
    const at = ref(0);
    const refusal = ref<Refusal | null>(null);
    const asking = ref(false);
    const slow = ref(false);
    const liveEnd = ref(now.value);
    let under: AbortController | null = null;
    let timer = 0;
    let slowly = 0;

    const window_ = computed<Window>(
        () => gesture.value ?? graph.value.fixed ?? until(liveEnd.value, graph.value.span),
    );
    const interval = computed<Interval>(() => {
        const { interval, series } = graph.value;
        if (interval !== null && isCalendar(interval)) return interval;
        if (interval !== null) return bearable(interval, window_.value);
        const dots = series.some(({ shape }) => shape === 'bars') ? DOTS_EACH.bars : DOTS_EACH.line;
        const finest = Math.min(...series.map(({ id }) => own(id) ?? 0));
        return choose(window_.value, Math.max(60, width.value) / dots, Number.isFinite(finest) ? finest : 0);
    });
    const isOld = computed(() => shown.value !== null && shown.value.key !== sameData(graph.value, gesture.value));
    const step = computed(() => seconds(interval.value));

    function wanted(): Wanted[] {
        return graph.value.series.map(({ id, delta }) => {
            return { id, delta, meter: isMeter(feed(id)?.unit ?? ''), own: own(id) };
        });
    }

    async function load(): Promise<void> {
        stop();
        if (!graph.value.fixed && !gesture.value) liveEnd.value = now.value;
        if (graph.value.series.length === 0) {
            [found.value, refusal.value] = [new Map(), null];
            return;
        }
        const mine = (under = new AbortController());
        asking.value = true;
        slowly = window.setTimeout(() => (slow.value = true), SLOW_MS);
        const mineShown = { key: sameData(graph.value, gesture.value), window: window_.value };
        const asked = questions(wanted(), window_.value, interval.value, graph.value.average);
        const answers = await Promise.all(asked.map((question) => feedData(question, mine.signal)));
        if (under !== mine) return;
        stop();
        const failed = answers.find((answer) => !answer.ok);
        if (failed && !failed.ok) refusal.value = failed.refusal;
        else {
            const pairs = answers.flatMap((answer, at) =>
                answer.ok ? [...answer.data].map(([id, one]) => [id, one, asked[at]!.interval] as const) : [],
            );
            found.value = new Map(pairs.map(([id, one, interval]) => [id, came(one, interval, own(id))]));
            shown.value = mineShown;
            [at.value, refusal.value] = [now.value, null];
        }
        again();
    }

    /** Waits for nothing any more. */
    function stop(): void {
        clearTimeout(timer);
        clearTimeout(slowly);
        under?.abort();
        [under, asking.value, slow.value] = [null, false, false];
    }

    function again(): void {
        const isLive = !graph.value.fixed && !gesture.value;
        if (document.hidden || (!isLive && !refusal.value)) return;
        const pause = Math.min(LIVE_MS[1], Math.max(LIVE_MS[0], step.value * 1000));
        timer = window.setTimeout(load, refusal.value ? LIVE_MS[0] : pause);
    }

    function soon(): void {
        clearTimeout(timer);
        if (!gesture.value) timer = window.setTimeout(load, SETTLE_MS);
    }

    watch([graph, gesture], soon);
    // Another width only counts where it means other points; the list of feeds, where it says what is a meter.
    watch(interval, (next, before) => next !== before && soon());
    watch(
        () => feeds.data.value === null,
        () => soon(),
    );

    function fall(why: Refusal): void {
        stop();
        refusal.value = why;
        again();
    }

    /** Home comes or goes: told at once, not with the next question. */
    function hear(change: Presence): void {
        const why = absence(change);
        if (why) fall(why);
        else if (change.state === 'online') soon();
    }
    watch(isAway, (away) => {
        if (away) fall(GONE);
        else if (!under && refusal.value) soon();
    });

    const look = () => {
        clearTimeout(timer);
        if (!document.hidden) load();
    };
    let deaf = () => {};
    onMounted(() => {
        document.addEventListener('visibilitychange', look);
        deaf = onPresence(hear);
        soon();
    });
    onUnmounted(() => {
        document.removeEventListener('visibilitychange', look);
        deaf();
        stop();
    });

    return { points, at, refusal, asking, slow, window: window_, interval, steps, shown, isOld, load };
}

/** How far apart the points of a feed with a fixed interval are, where that is known. */
function own(id: string): number | null {
    const { engine = '', interval = null } = feed(id) ?? {};
    return FIXED_INTERVAL.includes(engine) ? interval || null : null;
}
