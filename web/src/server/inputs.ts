// Inputs: what devices send before it becomes a feed.

import { toNumber, toText, toTime } from '../logic/number';
import { apiPath } from '../state/homes';
import { ask, type Answer } from './http';

export interface Input {
    id: string;
    node: string;
    name: string;
    description: string;
    processes: number;
    time: number | null;
    value: number | null;
}

const MOST_INPUTS = 5000;

export async function inputList(signal?: AbortSignal): Promise<Answer<Input[]>> {
    const answer = await ask<unknown>(apiPath('input/list.json'), { signal });
    if (!answer.ok) return answer;
    if (!Array.isArray(answer.data)) {
        return { ok: false, refusal: { code: 'bad_answer', message: 'no input list', status: 200 } };
    }
    return { ok: true, data: answer.data.slice(0, MOST_INPUTS).flatMap(readInput) };
}

function readInput(value: unknown): Input[] {
    if (typeof value !== 'object' || value === null) return [];
    const input = value as Record<string, unknown>;
    const text = (name: string) => toText(input[name]);
    const processes = text('processList').split(',').filter(Boolean).length;
    return [
        {
            id: text('id'),
            node: text('nodeid'),
            name: text('name'),
            description: text('description'),
            processes,
            time: toTime(input.time) || null,
            value: toNumber(input.value),
        },
    ];
}
