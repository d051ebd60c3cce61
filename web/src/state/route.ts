// Which view is shown. It stands behind the #, since all else of the address belongs to emoncms' API.

import { reactive } from 'vue';

export type View = 'now' | 'feeds' | 'graph' | 'inputs' | 'account';
const VIEWS: readonly View[] = ['now', 'feeds', 'graph', 'inputs', 'account'];

export const route = reactive<{ view: View; query: URLSearchParams }>(read());

function read(): { view: View; query: URLSearchParams } {
    const [name, query] = location.hash.replace(/^#\/?/, '').split('?', 2);
    return { view: VIEWS.find((view) => view === name) ?? 'feeds', query: new URLSearchParams(query ?? '') };
}

export function href(view: View, query?: URLSearchParams): string {
    const text = (query?.toString() ?? '').replaceAll('%2C', ',');
    return `#/${view}${text && `?${text}`}`;
}

/** Goes there; `instead` of what is shown, where the way back should not lead through it. */
export function go(view: View, query?: URLSearchParams, instead = false): void {
    const address = href(view, query);
    if (address === location.hash) return;
    if (instead) history.replaceState(null, '', address);
    else history.pushState(null, '', address);
    Object.assign(route, read());
}

const follow = () => Object.assign(route, read());
addEventListener('hashchange', follow);
addEventListener('popstate', follow);
