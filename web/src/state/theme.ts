// Light or dark: as the device has it, or as its reader chose.

import { computed, ref, watchEffect } from 'vue';
import { remembered } from './memory';

export type Theme = 'system' | 'light' | 'dark';

export const theme = remembered<Theme>('theme', 'system', (value) =>
    ['system', 'light', 'dark'].includes(value as string),
);

const device = matchMedia('(prefers-color-scheme: dark)');
const deviceIsDark = ref(device.matches);
device.addEventListener('change', () => (deviceIsDark.value = device.matches));

export const isDark = computed(() => (theme.value === 'system' ? deviceIsDark.value : theme.value === 'dark'));

watchEffect(() => {
    document.documentElement.dataset.theme = isDark.value ? 'dark' : 'light';
});
