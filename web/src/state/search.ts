// A list in groups, and what a search leaves of it.

import { computed, ref, type Ref } from 'vue';
import { grouped, matches } from '../logic/groups';

interface Kind<T> {
    /** What those of one group share. */
    group: (item: T) => string;
    /** Where a search looks. */
    texts: (item: T) => string[];
    /** How many there are, and how many of those were found. */
    words: () => { count: (all: number) => string; found: (some: number, all: number) => string };
}

export function searchable<T>(all: Ref<T[]>, { group, texts, words }: Kind<T>) {
    const search = ref('');
    const found = computed(() => all.value.filter((one) => matches(search.value, ...texts(one))));
    const groups = computed(() => grouped(found.value, group));
    const note = computed(() => {
        if (!all.value.length) return '';
        return search.value ? words().found(found.value.length, all.value.length) : words().count(all.value.length);
    });
    return { search, groups, note };
}
