// Where the names stand above a drawing.

export interface Spot {
    line: number;
    left: number;
}

/** Side by side in lines no wider than `room`, `apart` from each other; what is wider than that has a line of its own. */
export function lay(widths: number[], room: number, apart: number): Spot[] {
    let [line, left] = [0, 0];
    return widths.map((width) => {
        if (left > 0 && left + width > room) [line, left] = [line + 1, 0];
        const spot = { line, left };
        left += width + apart;
        return spot;
    });
}
