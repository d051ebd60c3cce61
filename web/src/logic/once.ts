// A page that lacks a part of itself is loaded anew for it: once, and not for ever.

type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

const MARK = 'remoteaccess.reloaded.';
/** Even to name it fails where people forbid it. */
const browsers = (): Store => sessionStorage;

/** Whether the page may be loaded anew by itself for this part; from then on it may not, until `settled`. */
export function mayReload(part: string, store = browsers): boolean {
    try {
        if (store().getItem(MARK + part) !== null) return false;
        store().setItem(MARK + part, '1');
        return true;
    } catch {
        // What cannot be remembered would be done again and again.
        return false;
    }
}

/** The part has come. */
export function settled(part: string, store = browsers): void {
    try {
        store().removeItem(MARK + part);
    } catch {
        // Then there is no mark either.
    }
}
