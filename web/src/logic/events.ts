// What of an event's detail is for people.

/** Programs' numbers go, and so does what the event's name says already. */
export function detailOf(kind: string, detail: string): string {
    const told = kind === 'home-cut' ? detail.split(':')[0]! : detail;
    if (kind === 'key-revoked') return told.replace(/^\d+$/, '');
    // Made by the server's operator: number, rights, label.
    return kind === 'key-made' ? told.replace(/^\d{5,}\s+/, '') : told;
}
