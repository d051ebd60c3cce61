// The time, as the server has it: a phone's clock may be wrong, and ages would be with it.

import { ref } from 'vue';

let ahead = 0;

function read(): number {
    return Date.now() / 1000 - ahead;
}

/** Seconds since 1970; changes every second while somebody looks. */
export const now = ref(read());

/** What a `Date` header said just now. Less than two seconds is the way, not the clock. */
export function setByServer(date: string | null): void {
    const time = date === null ? NaN : Date.parse(date) / 1000;
    if (Number.isNaN(time)) return;
    const difference = Date.now() / 1000 - time - 0.5;
    ahead = Math.abs(difference) < 2 ? 0 : difference;
}

setInterval(() => {
    if (!document.hidden) now.value = read();
}, 1000);
document.addEventListener('visibilitychange', () => (now.value = read()));
