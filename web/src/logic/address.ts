// What the part of the address behind the # says.

export type View = 'now' | 'feeds' | 'graph' | 'inputs' | 'account';
const VIEWS: readonly View[] = ['now', 'feeds', 'graph', 'inputs', 'account'];

export interface Place {
    view: View;
    query: URLSearchParams;
    /** The home that is looked at; '' for the account's first. */
    home: string;
}

/** `#/graph?feeds=1`, and `#/h/cabin/graph?feeds=1` of another home than the first. What is malformed counts as missing. */
export function read(hash: string): Place {
    const [way = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
    const [, home = '', name = way] = /^h\/([a-z0-9_-]{1,32})(?:\/(.*))?$/.exec(way) ?? [];
    return { view: VIEWS.find((view) => view === name) ?? 'feeds', query: new URLSearchParams(query), home };
}

export function write({ view, query, home }: Place): string {
    const text = query.toString().replaceAll('%2C', ',');
    return `#/${home && `h/${home}/`}${view}${text && `?${text}`}`;
}
