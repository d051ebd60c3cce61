// Which language is spoken. English is always there, others come when they are wanted.

import { computed, shallowRef } from 'vue';
import { remembered } from '../state/memory';
import { en, type Words } from './en';

const LANGUAGES: Record<string, () => Promise<Words>> = {
    en: async () => en,
    de: async () => (await import('./de')).de,
    fr: async () => (await import('./fr')).fr,
};
export const NAMES: Record<string, string> = { en: 'English', de: 'Deutsch', fr: 'Français' };

/** What the reader chose; '' for the browser's own. */
export const chosen = remembered(
    'language',
    '',
    (value) => typeof value === 'string' && (value === '' || value in NAMES),
);

const words = shallowRef<Words>(en);
const spoken = shallowRef('en');

/** All texts, in the language that is spoken now. */
export const w = computed(() => words.value);

/** For numbers and dates: the browser's own variety of the language that is spoken. */
export const locale = computed(() => {
    const own = navigator.languages.find((one) => one.split('-')[0] === spoken.value);
    return own ?? spoken.value;
});

export async function speak(): Promise<void> {
    const wanted = chosen.value || navigator.languages.map((one) => one.split('-')[0]!).find((one) => one in LANGUAGES);
    const language = wanted && wanted in LANGUAGES ? wanted : 'en';
    try {
        words.value = await LANGUAGES[language]!();
        spoken.value = language;
        document.documentElement.lang = language;
        document.title = words.value.title;
    } catch {
        // The file of that language did not come; the one that is spoken goes on.
    }
}
