// What the mock bridge remembers, and its account page.
import crypto from 'node:crypto';

const now = () => Math.floor(Date.now() / 1000);
const id = () => String(crypto.randomInt(1, 2 ** 47));
const hex = (bytes) => crypto.randomBytes(bytes).toString('hex');
const home = (name, title, state, more) => ({
    name,
    title,
    site: name === 'home' ? 'demo' : `demo.${name}`,
    state,
    credential: 'device',
    first_generation: false,
    created: now() - 9e6,
    ...more,
});

export const state = {
    second_factor: false,
    listeners: new Set(),
    homes: [
        home('home', 'Home', 'online', { since: now() - 7200, agent: '0.1.0' }),
        home('cabin', 'Cabin by the lake', 'offline', { last_seen: now() - 3700, agent: '0.1.0' }),
    ],
    sessions: [
        {
            id: '1',
            current: true,
            created: now() - 86_400,
            seen: now(),
            address: '192.0.2.7',
            agent: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0',
        },
        {
            id: '2',
            current: false,
            created: now() - 9e5,
            seen: now() - 4000,
            address: '198.51.100.4',
            agent: 'Mozilla/5.0 (iPhone) Safari/605',
        },
    ],
    keys: [
        {
            id: '3',
            label: 'Dashboard in the kitchen',
            rights: 'read',
            program: false,
            created: now() - 5e6,
            used: now() - 50,
        },
    ],
    events: [{ at: now() - 86_400, kind: 'sign_in', address: '192.0.2.7', detail: '' }],
};

const pairing = () => ({ username: 'demo', password: hex(8), expires: now() + 1800 });

export function answerAccount(method, path, body, say, refuse) {
    const [, , area, first, second] = path.split('/');
    const done = () => say(200, { success: true });
    const without = (list, wanted) => state[list].filter(({ id }) => id !== wanted);
    if (area === 'account') {
        if (first === 'password')
            return body.old === 'demo' ? done() : refuse(401, 'bad_password', 'the password is wrong');
        if (first === 'events') return say(200, state.events);
        if (first === 'second-factor') return factor(method, body, say, refuse);
        if (first === 'keys' && method === 'POST') {
            const key = {
                id: id(),
                label: body.label,
                rights: body.rights,
                program: false,
                created: now(),
                used: null,
            };
            state.keys.unshift(key);
            return say(201, { id: key.id, key: hex(16) });
        }
        if (method === 'DELETE') {
            state[first] = without(first, second);
            return done();
        }
        return say(200, state[first]);
    }
    const place = state.homes.find(({ name }) => name === first);
    if (method === 'GET') return say(200, state.homes);
    if (method === 'POST' && !first) {
        const made = home(
            body.title
                .toLowerCase()
                .replace(/[^a-z0-9]+/g, '-')
                .slice(0, 32),
            body.title,
            'never',
            { credential: 'none' },
        );
        state.homes.push(made);
        return say(201, { home: made, pairing: pairing() });
    }
    if (!place) return refuse(404, 'not_found', 'there is no such home');
    if (method === 'PATCH') place.title = body.title;
    else if (second === 'pairing') return say(200, pairing());
    else if (second === 'credential') Object.assign(place, { credential: 'none', state: 'offline', last_seen: now() });
    else state.homes = state.homes.filter((one) => one !== place);
    state.listeners.forEach((tell) => tell());
    return done();
}

function factor(method, body, say, refuse) {
    if (method === 'POST') {
        if (body.password !== 'demo') return refuse(401, 'bad_password', 'the password is wrong');
        const qr = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M1 1h3v3H1zM5 5h3v3H5z"/></svg>';
        return say(200, { secret: 'JBSWY3DPEHPK3PXP', uri: 'otpauth://totp/demo', qr });
    }
    if (body.code !== '123456') return refuse(401, 'second_factor', 'the code is not right');
    state.second_factor = method === 'PUT';
    return say(
        200,
        method === 'PUT' ? { recovery_codes: Array.from({ length: 10 }, () => hex(5)) } : { success: true },
    );
}
