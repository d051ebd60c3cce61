// Bars for uPlot that begin at their point's time and stand side by side.

import type uPlot from 'uplot';

/** The `place`th of `of` bars beside each other, each set `step` seconds wide. */
export function bars(step: number, place: number, of: number): uPlot.Series.PathBuilder {
    return (plot, series) => {
        const path = new Path2D();
        const times = plot.data[0];
        const values = plot.data[series]!;
        const scale = plot.series[series]!.scale!;
        const ground = plot.valToPos(Math.max(0, plot.scales[scale]!.min ?? 0), scale, true);
        times.forEach((time, at) => {
            const value = values[at];
            if (value === null || value === undefined) return;
            // A month is as long as it is.
            const next = times[at + 1] ?? time + step;
            const length = Math.min(next - time, step * 1.05);
            const begin = time + length * (0.1 + (0.8 * place) / of);
            const left = plot.valToPos(begin, 'x', true);
            const right = plot.valToPos(begin + (length * 0.8) / of, 'x', true);
            const top = plot.valToPos(value, scale, true);
            path.rect(left, Math.min(top, ground), Math.max(1, right - left), Math.max(1, Math.abs(ground - top)));
        });
        return { stroke: path, fill: path, clip: null, flags: 3 };
    };
}
