// Feeds and inputs in groups, and what a search leaves of them.

export interface Group<T> {
    name: string;
    items: T[];
}

/** In the order of the groups' names, each as it came. */
export function grouped<T>(items: T[], name: (item: T) => string): Group<T>[] {
    const groups = new Map<string, T[]>();
    for (const item of items) {
        const group = groups.get(name(item));
        if (group) group.push(item);
        else groups.set(name(item), [item]);
    }
    const natural = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });
    const names = [...groups.keys()].sort((a, b) => natural.compare(a, b) || (a < b ? -1 : 1));
    return names.map((name) => ({ name, items: groups.get(name)! }));
}

/** Whether each word of `search` is in one of the texts, whatever the case and the accents. */
export function matches(search: string, ...texts: string[]): boolean {
    const text = plain(texts.join('\n'));
    return plain(search)
        .split(/\s+/)
        .every((word) => text.includes(word));
}

function plain(text: string): string {
    return text
        .normalize('NFKD')
        .replace(/\p{Mn}/gu, '')
        .toLowerCase();
}
