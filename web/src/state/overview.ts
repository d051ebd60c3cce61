// Today, yesterday and the last 24 hours of the feeds that somebody picked.

import { computed, onMounted, onUnmounted, ref, shallowRef, watch, type Ref } from 'vue';
import { lastDays, TWO_DAYS, type Day } from '../logic/days';
import { fromMean, ROLES, type Choices, type Role } from '../logic/roles';
import { onGrid, type Points, type Value } from '../logic/points';
import { feedData } from '../server/feeds';
import type { Refusal } from '../server/http';
import { now } from './clock';
import { feed } from './feeds';
import { onPresence } from './homes';

/** Fifteen minutes for each of these points. */
const STEP = 900;
const POINTS = 97;
/** Every how often, and where that fails. */
const EVERY_MS = 60_000;
const AGAIN_MS = 10_000;

export interface Days {
    today: Value;
    yesterday: Value;
    /** Whether they come from means of power and not from a meter. */
    estimated: boolean;
}

export function useOverview(choices: Ref<Choices | null>) {
    const days = shallowRef(new Map<Role, Days>());
    const curves = shallowRef(new Map<Role, Value[]>());
    const refusal = ref<Refusal | null>(null);
    const at = ref(0);
    let timer = 0;
    let under: AbortController | null = null;

    /** Only what is to be shown, so that nothing is asked again when something else is picked. */
    const wanted = computed(() => JSON.stringify(choices.value));

    async function load(): Promise<void> {
        clearTimeout(timer);
        under?.abort();
        const picked = choices.value;
        if (!picked) return;
        const mine = (under = new AbortController());
        const roles = ROLES.filter((role) => picked[role].power || picked[role].energy);
        const meters = roles.map((role) => picked[role].energy).filter(Boolean);
        const powers = roles.map((role) => picked[role].power).filter(Boolean);
        const bare = roles.filter((role) => !picked[role].energy).map((role) => picked[role].power);
        const end = Math.floor(now.value);
        const day = { start: end - TWO_DAYS, end, interval: 'daily' as const, homeDays: true };
        const curve = { start: (Math.floor(end / STEP) - POINTS + 1) * STEP, end, interval: STEP };
        const ask = (ids: string[], question: typeof day | typeof curve, average: boolean, delta: boolean) =>
            ids.length ? feedData({ ids, ...question, average, delta }, mine.signal) : null;
        const [counted, means, drawn] = await Promise.all([
            ask(meters, day, false, true),
            ask(bare, day, true, false),
            ask(powers, curve, true, false),
        ]);
        if (under !== mine) return;
        const failed = [counted, means, drawn].find((answer) => answer && !answer.ok);
        if (failed && !failed.ok) refusal.value = failed.refusal;
        else {
            const data = (answer: typeof counted) => (answer?.ok ? answer.data : new Map<string, Points>());
            const [ofMeters, ofMeans, ofPower] = [data(counted), data(means), data(drawn)];
            days.value = new Map(roles.map((role) => [role, readDays(picked[role], ofMeters, ofMeans, end)]));
            const drawing = (points?: Points) => (points ? onGrid(points, curve.start, STEP, POINTS) : []);
            curves.value = new Map(roles.map((role) => [role, drawing(ofPower.get(picked[role].power))]));
            [refusal.value, at.value] = [null, now.value];
        }
        if (!document.hidden) timer = window.setTimeout(load, refusal.value ? AGAIN_MS : EVERY_MS);
    }

    const look = () => {
        clearTimeout(timer);
        if (!document.hidden) load();
    };
    let deaf = () => {};
    watch(wanted, load);
    onMounted(() => {
        document.addEventListener('visibilitychange', look);
        deaf = onPresence(({ state }) => state === 'online' && load());
        load();
    });
    onUnmounted(() => {
        document.removeEventListener('visibilitychange', look);
        deaf();
        clearTimeout(timer);
        under?.abort();
    });
    return { days, curves, refusal, at, load };
}

function readDays(
    { power, energy }: Choices[Role],
    meters: Map<string, Points>,
    means: Map<string, Points>,
    end: number,
): Days {
    const points = meters.get(energy) ?? means.get(power);
    const { today, yesterday } = lastDays(points ?? { times: [], values: [] }, end);
    const of = (day: Day | null): Value => {
        if (energy || !day) return day?.value ?? null;
        return fromMean(day.value, day.hours, feed(power)?.unit ?? 'W');
    };
    return { today: of(today), yesterday: of(yesterday), estimated: !energy };
}
