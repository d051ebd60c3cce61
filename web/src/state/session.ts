// Who is signed in.

import { reactive } from 'vue';
import { ask, onSignedOut, type Answer, type Refusal } from '../server/http';

export interface User {
    username: string;
    userid: number;
    rights: 'read' | 'write';
    origin?: 'local' | 'emoncms';
    second_factor?: boolean;
}

interface Session {
    state: 'asking' | 'in' | 'out';
    user: User | null;
    /** Whether somebody was signed in until just now, without having signed out. */
    ended: boolean;
    /** Why it is not known. */
    refusal: Refusal | null;
}

export const session = reactive<Session>({ state: 'asking', user: null, ended: false, refusal: null });

onSignedOut(() => {
    if (session.state === 'in') leave(true);
});

export async function begin(): Promise<void> {
    const answer = await ask<User>('/-/session');
    if (answer.ok) enter(answer.data);
    else if (answer.refusal.status === 401) leave(false);
    else {
        session.refusal = answer.refusal;
        setTimeout(begin, 4000);
    }
}

export async function signIn(username: string, password: string, code: string): Promise<Answer<User>> {
    const body = code ? { username, password, code } : { username, password };
    const answer = await ask<User>('/-/session', { method: 'POST', body });
    if (answer.ok) enter(answer.data);
    return answer;
}

export async function signOut(): Promise<Answer<unknown>> {
    const answer = await ask('/-/session', { method: 'DELETE' });
    if (answer.ok) leave(false);
    return answer;
}

/** Here too, since every session has ended. */
export function leave(ended: boolean): void {
    Object.assign(session, { state: 'out', user: null, ended, refusal: null });
}

/** As it is after a change on the account page. */
export async function reread(): Promise<void> {
    const answer = await ask<User>('/-/session');
    if (answer.ok) session.user = answer.data;
}

function enter(user: User): void {
    Object.assign(session, { state: 'in', user, ended: false, refusal: null });
}
