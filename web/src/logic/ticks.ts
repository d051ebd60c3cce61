// What stands along the axes.

/** Labels for times `increment` seconds apart, in the reader's language; a second line says what changed. */
export function timeLabels(times: number[], increment: number, language: string): string[] {
    const format = (options: Intl.DateTimeFormatOptions) => {
        const one = new Intl.DateTimeFormat(language, options);
        return (time: number) => one.format(time * 1000);
    };
    const year = format({ year: 'numeric' });
    const month = format({ month: 'short' });
    const date = format({ day: 'numeric', month: 'short' });
    const clock = format({ hour: '2-digit', minute: '2-digit', ...(increment < 60 ? { second: '2-digit' } : {}) });
    let before = '';
    return times.map((time) => {
        if (increment >= 350 * 86_400) return year(time);
        const monthly = increment >= 27 * 86_400;
        const daily = increment >= 86_400;
        const label = monthly ? month(time) : daily ? date(time) : clock(time);
        const under = monthly || daily ? year(time) : date(time);
        if (under === before) return label;
        before = under;
        return `${label}\n${under}`;
    });
}

/** What an axis shows of values between `min` and `max`: some air, and zero where it is near or means something. */
export function valueRange(min: number | null, max: number | null, fromZero: boolean): [number, number] {
    if (min === null || max === null || !Number.isFinite(min) || !Number.isFinite(max)) return [0, 1];
    const zero = fromZero || (min >= 0 && min < max * 0.45) || (max <= 0 && max > min * 0.45);
    let [low, high] = zero ? [Math.min(0, min), Math.max(0, max)] : [min, max];
    if (low === high) {
        const air = Math.abs(low) * 0.1 || 1;
        [low, high] = [low - air, high + air];
    }
    const air = (high - low) * 0.06;
    return [zero && low === 0 ? 0 : low - air, zero && high === 0 ? 0 : high + air];
}
