// Feeds: the list, their data, and addresses to download them from.

import { objection } from '../logic/csvLimits';
import { short } from '../logic/names';
import type { Interval } from '../logic/interval';
import { toNumber, toText, toTime } from '../logic/number';
import { read, type Points } from '../logic/points';
import { apiPath } from '../state/homes';
import { ask, type Answer } from './http';

export interface Feed {
    id: string;
    name: string;
    tag: string;
    unit: string;
    engine: string;
    isPublic: boolean;
    size: number | null;
    time: number | null;
    value: number | null;
    /** Of the feeds with a fixed one, where this emoncms says it. */
    interval: number | null;
    start: number | null;
}

export interface Question {
    ids: string[];
    start: number;
    end: number;
    interval: Interval;
    average: boolean;
    delta: boolean;
    /** Days begin where the home's account is, and not where the reader is. */
    homeDays?: boolean;
}

/** More than any real emoncms has; what comes on top is not shown. */
const MOST_FEEDS = 5000;

/** With `meta`, which costs emoncms a look into each feed's file, also intervals and starts. */
export async function feedList(meta: boolean, signal?: AbortSignal): Promise<Answer<Feed[]>> {
    const answer = await ask<unknown>(apiPath(`feed/list.json${meta ? '?meta=1' : ''}`), { signal });
    if (!answer.ok) return answer;
    if (!Array.isArray(answer.data)) {
        return { ok: false, refusal: { code: 'bad_answer', message: 'no feed list', status: 200 } };
    }
    return { ok: true, data: answer.data.slice(0, MOST_FEEDS).flatMap(readFeed) };
}

/** Longer ones are no units, and no engines' numbers. */
const MOST_UNIT = 12;
/** Seconds between two points: more is no rhythm. */
const LONGEST_INTERVAL = 1e8;

function readFeed(value: unknown): Feed[] {
    if (typeof value !== 'object' || value === null) return [];
    const feed = value as Record<string, unknown>;
    const id = toNumber(feed.id);
    if (id === null) return [];
    const text = (name: string) => toText(feed[name]);
    const interval = toNumber(feed.interval) ?? 0;
    return [
        {
            id: String(id),
            name: text('name'),
            tag: text('tag'),
            unit: short(text('unit'), MOST_UNIT),
            engine: short(text('engine'), MOST_UNIT),
            isPublic: [1, '1', true].includes(feed.public as number),
            size: toNumber(feed.size),
            time: toTime(feed.time) || null,
            value: toNumber(feed.value),
            interval: interval >= 1 && interval <= LONGEST_INTERVAL ? interval : null,
            start: toTime(feed.start_time) || null,
        },
    ];
}

/** By feed id. */
export async function feedData(question: Question, signal?: AbortSignal): Promise<Answer<Map<string, Points>>> {
    const answer = await ask<unknown>(apiPath(`feed/data.json?${query(question)}`), { signal });
    if (!answer.ok) return answer;
    const found = new Map<string, Points>();
    for (const one of Array.isArray(answer.data) ? answer.data.slice(0, MOST_FEEDS) : []) {
        const id = typeof one === 'object' && one !== null && 'feedid' in one ? toText(one.feedid) : '';
        if (question.ids.includes(id)) found.set(id, read(one.data));
    }
    return { ok: true, data: found };
}

/** Where a browser gets the file from; `isoTimes` or seconds. */
export function csvAddress(question: Question, isoTimes: boolean): string {
    const words = query(question);
    words.set('timeformat', isoTimes ? 'iso8601' : 'unix');
    return apiPath(`feed/csvexport.json?${words}`);
}

/** Whether home gives such a file: it is begun and let go, since a download cannot say why it fails. */
export async function canExport(question: Question): Promise<Answer<null>> {
    const answer = await ask<string>(csvAddress(question, false), { beginning: true });
    if (!answer.ok) return answer;
    const message = objection(answer.data);
    return message === null
        ? { ok: true, data: null }
        : { ok: false, refusal: { code: 'emoncms_says', message, status: 200 } };
}

function query({ ids, start, end, interval, average, delta, homeDays }: Question): URLSearchParams {
    const each = (value: string) => ids.map(() => value).join(',');
    const words = new URLSearchParams({
        ids: ids.join(','),
        start: String(start),
        end: String(end),
        interval: String(interval),
        timeformat: 'unix',
        limitinterval: '1',
        skipmissing: '0',
    });
    // Where no zone is named, emoncms takes its account's.
    if (typeof interval === 'string' && !homeDays)
        words.set('timezone', Intl.DateTimeFormat().resolvedOptions().timeZone);
    // One for each feed: 11.4 does not carry the first one on to the others.
    if (average) words.set('average', each('1'));
    if (delta) words.set('delta', each('1'));
    return words;
}
