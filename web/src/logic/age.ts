// How old a value is, and what that means, as emoncms' feed list colours it.

/** ahead: the home's clock is before ours; silent: for a month, or for ever. */
export type Freshness = 'ahead' | 'fresh' | 'recent' | 'late' | 'old' | 'silent';

/** A home's clock may be a little before ours without that meaning anything. */
const TOLERATED_AHEAD = 5;
const MONTH = 31 * 86_400;

/**
 * What an age in seconds means for a feed with a value every `interval` seconds; without one, for anything that
 * sends when it likes.
 */
export function freshness(age: number | null, interval?: number): Freshness {
    if (age === null || !Number.isFinite(age)) return 'silent';
    if (age < -TOLERATED_AHEAD) return 'ahead';
    const [fresh, recent, late] =
        interval && interval > 1 ? [interval * 3, interval * 6, interval * 12] : [30, 60, 3600];
    if (age < fresh) return 'fresh';
    if (age < recent) return 'recent';
    if (age < late) return 'late';
    return age < MONTH ? 'old' : 'silent';
}
