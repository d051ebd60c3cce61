// Days as the home counts them: their midnights are in the answers and need not be the reader's.

import type { Points, Value } from './points';

/** From this long before now, an answer by the day has yesterday in it, though a day may have 23 hours or 25. */
export const TWO_DAYS = 26 * 3600;
const LONGEST_DAY = 25 * 3600;

export interface Day {
    value: Value;
    /** How long it lasted, or lasts by now. */
    hours: number;
}

/** The day that has begun last by `now`, and the one before; of points that lie at midnights, wherever. */
export function lastDays({ times, values }: Points, now: number): { today: Day | null; yesterday: Day | null } {
    const begun = times.filter((time) => time <= now).length;
    const day = (at: number, end: number): Day | null => {
        const begin = times[at];
        if (begin === undefined || end - begin > LONGEST_DAY) return null;
        return { value: values[at] ?? null, hours: (end - begin) / 3600 };
    };
    const today = day(begun - 1, now);
    return { today, yesterday: today && day(begun - 2, times[begun - 1]!) };
}
