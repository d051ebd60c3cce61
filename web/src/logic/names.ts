// Names and units as home gives them, which may be of any length, brought to one that can be read.

/** One line, and no more letters than `most`. */
export function short(text: string, most: number): string {
    const letters = [...text.replace(/\s+/g, ' ').trim()];
    return letters.length <= most
        ? letters.join('')
        : `${letters
              .slice(0, most - 1)
              .join('')
              .trimEnd()}…`;
}

/** The first few of them, and how many more there are. */
export function some(names: string[], count: number, most: number): string {
    const told = names.slice(0, count).map((name) => short(name, most));
    return told.join(', ') + (names.length > count ? ` +${names.length - count}` : '');
}
