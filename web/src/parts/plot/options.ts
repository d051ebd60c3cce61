// How uPlot draws a graph of ours.

import uPlot from 'uplot';
import { inDigits } from '../../logic/number';
import { timeLabels, valueRange } from '../../logic/ticks';
import type { Shape } from '../../logic/graph';
import { bars } from './bars';

export interface Drawn {
    name: string;
    unit: string;
    colour: string;
    right: boolean;
    shape: Shape;
}

export interface Look {
    ink: string;
    grid: string;
    font: string;
    language: string;
}

export function options(
    drawn: Drawn[],
    step: number,
    look: Look,
    size: { width: number; height: number },
): uPlot.Options {
    const places = drawn.filter(({ shape }) => shape === 'bars');
    const scale = (right: boolean): uPlot.Scale => ({
        range: (_, min, max) =>
            valueRange(
                min,
                max,
                drawn.some((one) => one.right === right && one.shape === 'bars'),
            ),
    });
    const axis = (right: boolean): uPlot.Axis => ({
        scale: right ? 'right' : 'left',
        side: right ? 1 : 3,
        show: drawn.some((one) => one.right === right),
        size: (_, values) => 16 + 7.2 * Math.max(2, ...(values ?? []).map((text) => text?.length ?? 0)),
        stroke: look.ink,
        font: look.font,
        grid: { show: !right || drawn.every((one) => one.right), stroke: look.grid, width: 1 },
        ticks: { show: false },
        // As long as nothing is drawn, there is nothing to measure.
        values: (plot, splits) =>
            splits.map((value) => (plot.data[0].length ? inDigits(value, look.language, digits(splits)) : '')),
    });
    return {
        ...size,
        scales: { x: { time: true }, left: scale(false), right: scale(true) },
        axes: [
            {
                stroke: look.ink,
                font: look.font,
                grid: { stroke: look.grid, width: 1 },
                ticks: { stroke: look.grid, size: 5 },
                space: 78,
                size: 46,
                values: (_, splits, __, ___, increment) => timeLabels(splits, increment, look.language),
            },
            axis(false),
            axis(true),
        ],
        series: [{}, ...drawn.map((one) => series(one, step, places.indexOf(one), places.length))],
        legend: { show: false },
        cursor: { drag: { x: true, y: false, setScale: false, dist: 4 }, points: { size: 8 }, y: false },
        padding: [10, drawn.some(({ right }) => right) ? 0 : 14, 0, 0],
    };
}

function series({ colour, right, shape }: Drawn, step: number, place: number, of: number): uPlot.Series {
    const common: uPlot.Series = { scale: right ? 'right' : 'left', stroke: colour, spanGaps: false };
    if (shape === 'bars') {
        return { ...common, width: 0, fill: colour, paths: bars(step, place, of), points: { show: false } };
    }
    return {
        ...common,
        width: 1.6,
        fill: of === 0 && !right ? `${colour}16` : undefined,
        paths: shape === 'steps' ? uPlot.paths.stepped!({ align: 1 }) : uPlot.paths.linear!(),
        // A value alone between gaps would not be seen otherwise; uPlot shows points only where there is room.
        points: { show: (plot, index, from, to) => isSparse(plot, index, from, to), size: 5 },
    };
}

function isSparse(plot: uPlot, index: number, from: number, to: number): boolean {
    const values = plot.data[index]!;
    let count = 0;
    for (let at = from; at <= to; at += 1) if (values[at] !== null && values[at] !== undefined) count += 1;
    return count > 0 && count < 40;
}

/** As many decimals as it takes to tell one line of the grid from the next. */
function digits(splits: number[]): number {
    const step = Math.abs((splits[1] ?? 1) - (splits[0] ?? 0)) || 1;
    return Math.min(6, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)));
}
