// What a refusal means for the person who looks.

import type { Words } from '../i18n/en';
import type { Refusal } from '../server/http';

export interface Trouble {
    title: string;
    text: string;
    checks: readonly string[];
    /** Where it can be put right: on the account page, or in the home's own emoncms. */
    remedy: 'account' | 'home' | null;
    icon: 'offline' | 'lock' | 'warn' | 'home';
}

/** `when` says in words when a time was, `left` how long it is until one. */
export function explain(
    refusal: Refusal,
    endpoint: string,
    words: Words['trouble'],
    when: (time: number) => string,
    left: (time: number) => string,
): Trouble {
    const trouble: Trouble = { title: words.other, text: sentence(refusal), checks: [], remedy: null, icon: 'warn' };
    switch (refusal.code) {
        case 'home_offline': {
            const text = refusal.lastSeen ? words.home_offline.seen(when(refusal.lastSeen)) : '';
            return { ...trouble, ...words.home_offline, text, icon: 'offline' };
        }
        case 'home_cut': {
            const text = words.home_cut.text(left(refusal.cutUntil ?? 0));
            return { ...trouble, ...words.home_cut, text, icon: 'offline' };
        }
        case 'home_never':
            return { ...trouble, ...words.home_never, remedy: 'account', icon: 'home' };
        case 'no_home':
            return { ...trouble, ...words.no_home, remedy: 'account', icon: 'home' };
        case 'stray':
            return { ...trouble, ...words.stray, icon: 'home' };
        case 'renewed':
            return { ...trouble, ...words.renewed };
        case 'denied':
            return {
                ...trouble,
                title: words.denied.title,
                text: words.denied.text(endpoint),
                remedy: 'home',
                icon: 'lock',
            };
        case 'bridge_gone':
            return { ...trouble, ...words.bridge_gone, text: '', icon: 'offline' };
        case 'emoncms_says':
            return { ...trouble, title: words.emoncms_says };
        case 'bad_answer':
        case 'emoncms_answer':
            return { ...trouble, title: words.unsafe };
        case 'home_timeout':
        case 'emoncms_unreachable':
        case 'emoncms_timeout':
        case 'emoncms_key':
        case 'too_large':
        case 'busy':
        case 'broker_offline':
        case 'upstream':
        case 'database':
            return { ...trouble, ...words[refusal.code] };
        default:
            return isFault(refusal) && endpoint ? { ...trouble, ...words.emoncms_fault } : trouble;
    }
}

/** A status of emoncms' own, without a word of why. */
function isFault({ code }: Refusal): boolean {
    return /^http_5\d\d$/.test(code);
}

/** The refusal's own words, as a sentence. */
export function sentence({ message, code }: Refusal): string {
    const text = message.trim() || code;
    return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? '' : '.');
}
