// What the account page asks of the server.

import type { Home } from '../state/homes';
import { ask } from './http';

export interface Session {
    id: string;
    current: boolean;
    created: number;
    seen: number;
    address: string;
    agent: string;
}
export interface Key {
    id: string;
    label: string;
    rights: 'read' | 'write';
    program: boolean;
    created: number;
    used: number | null;
}
export interface Event {
    at: number;
    kind: string;
    address: string;
    detail: string;
}
export interface Pairing {
    username: string;
    password: string;
    expires: number;
}

const name = encodeURIComponent;

export const sessions = () => ask<Session[]>('/-/account/sessions');
export const endSession = (id: string) => ask(`/-/account/sessions/${name(id)}`, { method: 'DELETE' });
export const endAllSessions = () => ask('/-/account/sessions', { method: 'DELETE' });

export const keys = () => ask<Key[]>('/-/account/keys');
export const makeKey = (label: string, rights: string) =>
    ask<{ id: string; key: string }>('/-/account/keys', { method: 'POST', body: { label, rights } });
export const deleteKey = (id: string) => ask(`/-/account/keys/${name(id)}`, { method: 'DELETE' });

export const changePassword = (old: string, fresh: string) =>
    ask('/-/account/password', { method: 'POST', body: { old, new: fresh }, proves: true });

const FACTOR = '/-/account/second-factor';
export const beginFactor = (password: string) =>
    ask<{ secret: string; uri: string; qr: string }>(FACTOR, { method: 'POST', body: { password }, proves: true });
export const confirmFactor = (code: string) =>
    ask<{ recovery_codes: string[] }>(FACTOR, { method: 'PUT', body: { code } });
export const endFactor = (password: string, code: string) =>
    ask(FACTOR, { method: 'DELETE', body: { password, code }, proves: true });

export const events = () => ask<Event[]>('/-/account/events');

export const addHome = (title: string) =>
    ask<{ home: Home; pairing: Pairing }>('/-/homes', { method: 'POST', body: { title } });
export const renameHome = (home: string, title: string) =>
    ask(`/-/homes/${name(home)}`, { method: 'PATCH', body: { title } });
export const deleteHome = (home: string) => ask(`/-/homes/${name(home)}`, { method: 'DELETE' });
export const pairHome = (home: string) => ask<Pairing>(`/-/homes/${name(home)}/pairing`, { method: 'POST' });
export const revokeHome = (home: string) => ask(`/-/homes/${name(home)}/credential`, { method: 'DELETE' });
