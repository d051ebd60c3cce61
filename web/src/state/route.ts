// Which view of which home is shown. It stands behind the #, since all else of the address belongs to emoncms' API.

import { reactive } from 'vue';
import { read, write, type Place, type View } from '../logic/address';
import { keep, load } from './memory';

export type { View };

const isHome = (value: unknown) => typeof value === 'string' && /^[a-z0-9_-]{0,32}$/.test(value);

// Whoever comes without an address sees the home that was chosen last.
if (/^#?\/?$/.test(location.hash))
    history.replaceState(null, '', write({ ...read(''), home: load('home', '', isHome) }));

export const route = reactive<Place>(read(location.hash));

/** The graph that was looked at last, of each home. */
const graphs = new Map<string, URLSearchParams>();

/** Of the home that is looked at, unless another one is named. */
export function href(view: View, query = new URLSearchParams(), home = route.home): string {
    return write({ view, query, home });
}

/** Goes there; `instead` of what is shown, where the way back should not lead through it. */
export function go(view: View, query?: URLSearchParams, instead = false, home = route.home): void {
    const address = href(view, query, home);
    if (address === location.hash) return;
    if (instead) history.replaceState(null, '', address);
    else history.pushState(null, '', address);
    follow();
}

/** The same view of another home, '' for the first; with the graph that was looked at there. */
export function visit(home: string, instead = false): void {
    keep('home', home);
    go(route.view, route.view === 'graph' ? lastGraph(home) : undefined, instead, home);
}

/** Whether the home that is looked at is so because it was chosen here, and not by a link. */
export function isKept(): boolean {
    return route.home !== '' && load('home', '', isHome) === route.home;
}

export function lastGraph(home = route.home): URLSearchParams {
    return graphs.get(home) ?? new URLSearchParams();
}

function follow(): void {
    Object.assign(route, read(location.hash));
    remember();
}

function remember(): void {
    if (route.view === 'graph') graphs.set(route.home, route.query);
}

remember();
addEventListener('hashchange', follow);
addEventListener('popstate', follow);
