// A feed keeps its colour, wherever and beside whichever other feed it is drawn.

/** Told apart by most eyes, on a light ground and, in the second place, on a dark one. */
export const PALETTE: readonly (readonly [string, string])[] = [
    ['#0b78b0', '#4fb3e8'],
    ['#d9730d', '#ff9f45'],
    ['#1d8a4a', '#4cc97f'],
    ['#b83280', '#f27bbd'],
    ['#6b4fc8', '#a892ff'],
    ['#9a7400', '#e0b83a'],
    ['#0d8580', '#3fc7c0'],
    ['#c4372b', '#ff7d70'],
    ['#7a5230', '#c79a73'],
    ['#5a6b7b', '#9db1c4'],
];

/**
 * Places in the palette for the feeds with these ids: `kept` where one has one, else the one that is least in use.
 * What is new is added to `kept`. Where two of them would be the same, the later one gives way, for this time.
 */
export function assign(ids: string[], kept: Record<string, number>): number[] {
    const uses = PALETTE.map((_, at) => Object.values(kept).filter((place) => place % PALETTE.length === at).length);
    const shown = new Set<number>();
    return ids.map((id) => {
        if (!(id in kept)) {
            kept[id] = uses.indexOf(Math.min(...uses));
            uses[kept[id]!]! += 1;
        }
        let place = kept[id]! % PALETTE.length;
        for (let tries = 0; shown.has(place) && tries < PALETTE.length; tries += 1)
            place = (place + 1) % PALETTE.length;
        shown.add(place);
        return place;
    });
}
