// `npm run dev`: a bridge with made data, inside Vite's own server. It answers as docs/protocol.md and the real one
// do, for one account: demo, with the password demo, and 123456 where a second factor is on.
import { answerAccount, state } from './account.mjs';
import { answerHome } from './home.mjs';

const COOKIE = 'mock=1';

/** @returns {import('vite').Plugin} */
export function mock() {
    return {
        name: 'mock-bridge',
        apply: 'serve',
        configureServer(server) {
            server.middlewares.use(serve);
        },
    };
}

async function serve(request, response, next) {
    const url = new URL(request.url, 'http://mock');
    const path = url.pathname;
    const own = /^\/-\/(session|account|homes?)(\/|$)/.test(path);
    const [, home = 'home', endpoint] = /^\/-\/h\/([a-z0-9_-]+)\/(.*)\.json$/.exec(path) ?? [];
    const relayed = endpoint ?? /^\/((?:feed|input)\/\w+)\.json$/.exec(path)?.[1];
    if (!own && relayed === undefined) return next();

    const say = (status, body, headers = {}) => {
        response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers });
        response.end(typeof body === 'string' ? body : JSON.stringify(body));
    };
    const refuse = (status, error, message, more = {}) => say(status, { success: false, error, message, ...more });
    const signedIn = (request.headers.cookie ?? '').includes(COOKIE);
    const body = await read(request);

    if (path === '/-/session') {
        if (request.method === 'POST') {
            if (body.username !== 'demo' || body.password !== 'demo')
                return refuse(401, 'unauthorized', 'the name or the password is wrong');
            if (state.second_factor && body.code !== '123456') return refuse(401, 'second_factor', 'a code is needed');
            return say(200, who(), { 'Set-Cookie': `${COOKIE}; Path=/; HttpOnly; SameSite=Strict` });
        }
        if (request.method === 'DELETE')
            return say(200, { success: true }, { 'Set-Cookie': 'mock=; Path=/; Max-Age=0' });
        return signedIn ? say(200, who()) : refuse(401, 'unauthorized', 'sign in, or send an API key');
    }
    if (!signedIn) return refuse(401, 'unauthorized', 'sign in, or send an API key');
    if (path === '/-/homes/events') return follow(request, response);
    if (own) return answerAccount(request.method, path, body, say, refuse);

    const place = state.homes.find(({ name }) => name === home);
    if (!place) return refuse(404, 'not_relayed', 'there is no such home');
    if (place.state !== 'online')
        return refuse(503, 'home_offline', 'your home is not connected', { last_seen: place.last_seen });
    return answerHome(relayed, url.searchParams, say, refuse);
}

function who() {
    return {
        success: true,
        username: 'demo',
        userid: 1,
        rights: 'write',
        origin: 'local',
        second_factor: state.second_factor,
    };
}

function follow(request, response) {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    const tell = () => {
        for (const { name, state: is, since, last_seen } of state.homes)
            response.write(`event: home\ndata: ${JSON.stringify({ name, state: is, since, last_seen })}\n\n`);
    };
    tell();
    state.listeners.add(tell);
    request.on('close', () => state.listeners.delete(tell));
}

function read(request) {
    return new Promise((resolve) => {
        let text = '';
        request.on('data', (part) => (text += part));
        request.on('end', () => {
            try {
                resolve(JSON.parse(text));
            } catch {
                resolve({});
            }
        });
    });
}
