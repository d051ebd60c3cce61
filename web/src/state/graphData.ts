// The points that the graph shows: no more than the screen can, and none that nobody waits for any longer.

import { computed, onMounted, onUnmounted, ref, shallowRef, watch, type Ref } from 'vue';
import { isMeter, type Graph } from '../logic/graph';
import { aligned, bearable, choose, isCalendar, seconds, type Interval } from '../logic/interval';
import { withoutFiller, type Points } from '../logic/points';
import { midnight, until, type Window } from '../logic/window';
import { feedData, type Question } from '../server/feeds';
import type { Refusal } from '../server/http';
import { now } from './clock';
import { feed, feeds } from './feeds';
import { onPresence, target } from './homes';

/** A line has about a point for every two dots of the screen, bars need room. */
const DOTS_EACH = { line: 1.6, bars: 16 };
/** While a window is dragged or turned, nothing is asked for. */
const SETTLE_MS = 120;
const LIVE_MS = [10_000, 60_000] as const;
const FIXED_INTERVAL = ['5', '6'];
const NONE: Points = { times: [], values: [] };

export function useGraphData(graph: Ref<Graph>, gesture: Ref<Window | null>, width: Ref<number>) {
    const found = shallowRef(new Map<string, Points>());
    const points = computed(() => graph.value.series.map(({ id }) => found.value.get(id) ?? NONE));
    const at = ref(0);
    const refusal = ref<Refusal | null>(null);
    const asking = ref(false);
    const loadedStep = ref<Interval>(60);
    const liveEnd = ref(now.value);
    let under: AbortController | null = null;
    let timer = 0;

    const window_ = computed<Window>(
        () => gesture.value ?? graph.value.fixed ?? until(liveEnd.value, graph.value.span),
    );
    const interval = computed<Interval>(() => {
        const { interval, series } = graph.value;
        if (interval !== null && isCalendar(interval)) return interval;
        if (interval !== null) return bearable(interval, window_.value);
        const dots = series.some(({ shape }) => shape === 'bars') ? DOTS_EACH.bars : DOTS_EACH.line;
        return choose(window_.value, Math.max(60, width.value) / dots);
    });
    const step = computed(() => seconds(interval.value));

    /** emoncms takes one answer for all, so series that are asked for differently go apart. */
    function questions(): Question[] {
        const asked = isCalendar(interval.value)
            ? { start: midnight(window_.value.start), end: window_.value.end }
            : aligned(window_.value, interval.value);
        const groups = new Map<string, Question>();
        for (const { id, delta } of graph.value.series) {
            // The mean of a meter's count says nothing.
            const average = graph.value.average && !delta && !isMeter(feed(id)?.unit ?? '');
            const key = `${average} ${delta}`;
            const group = groups.get(key) ?? { ids: [], ...asked, interval: interval.value, average, delta };
            group.ids.push(id);
            groups.set(key, group);
        }
        return [...groups.values()];
    }

    async function load(): Promise<void> {
        clearTimeout(timer);
        under?.abort();
        if (!graph.value.fixed && !gesture.value) liveEnd.value = now.value;
        if (graph.value.series.length === 0) {
            [found.value, refusal.value, asking.value] = [new Map(), null, false];
            return;
        }
        const mine = (under = new AbortController());
        asking.value = true;
        const wanted = interval.value;
        const answers = await Promise.all(questions().map((question) => feedData(question, mine.signal)));
        if (under !== mine) return;
        asking.value = false;
        under = null;
        const failed = answers.find((answer) => !answer.ok);
        if (failed && !failed.ok) refusal.value = failed.refusal;
        else {
            loadedStep.value = wanted;
            const came = answers.flatMap((answer) => (answer.ok ? [...answer.data] : []));
            found.value = new Map(came.map(([id, one]) => [id, readable(id, one)]));
            [at.value, refusal.value] = [now.value, null];
        }
        again();
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
    watch(target, (_, before) => {
        if (before === '') return;
        found.value = new Map();
        soon();
    });
    // Another width only counts where it means other points; the list of feeds, where it says what is a meter.
    watch(interval, (next, before) => next !== before && soon());
    watch(
        () => feeds.data.value === null,
        () => soon(),
    );

    const look = () => {
        clearTimeout(timer);
        if (!document.hidden) load();
    };
    let deaf = () => {};
    onMounted(() => {
        document.addEventListener('visibilitychange', look);
        deaf = onPresence(({ state }) => state === 'online' && soon());
        soon();
    });
    onUnmounted(() => {
        document.removeEventListener('visibilitychange', look);
        deaf();
        clearTimeout(timer);
        under?.abort();
    });

    return { points, at, refusal, asking, window: window_, interval, step, loadedStep, load };
}

function readable(id: string, found: Points): Points {
    const { engine = '5' } = feed(id) ?? {};
    return FIXED_INTERVAL.includes(engine) ? found : withoutFiller(found, usualStep(found) * 5);
}

/** What lies between two values as a rule, where a feed's values come when they like. */
function usualStep({ times, values }: Points): number {
    const known = times.filter((_, at) => values[at] !== null);
    const steps = known.slice(1).map((time, at) => time - known[at]!);
    steps.sort((a, b) => a - b);
    return steps[Math.floor(steps.length / 2)] ?? 0;
}
