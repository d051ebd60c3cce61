// Whether the server can be reached: what the last attempt said.

import { ref } from 'vue';

export const isAway = ref(false);

export function reached(yes: boolean): void {
    isAway.value = !yes;
}
