// Times as the browser's own fields for date and time have them.

/** `2026-11-22T14:03`, in the browser's time zone. */
export function toLocal(seconds: number): string {
    const date = new Date(seconds * 1000);
    const two = (number: number) => String(number).padStart(2, '0');
    const day = `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
    return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** Seconds since 1970; null for what is no time. */
export function fromLocal(text: string): number | null {
    const time = Date.parse(text);
    return Number.isNaN(time) ? null : Math.round(time / 1000);
}
