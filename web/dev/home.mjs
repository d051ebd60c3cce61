// The mock bridge's home: a house with panels on its roof, computed from the time alone.

const DAY = 86_400;
const START = 1_700_006_400;
const FEEDS = [
    ['1', 'house', 'use', 'W'],
    ['2', 'house', 'use_kwh', 'kWh'],
    ['3', 'solar', 'solar', 'W'],
    ['4', 'solar', 'solar_kwh', 'kWh'],
    ['5', 'heating', 'flow', '°C'],
    ['6', 'heating', '<img src=x onerror=alert(1)>', '°C'],
];

const noise = (time) => (Math.sin(time * 12.9898) * 43_758.5453) % 1;
const hour = (time) => (time % DAY) / 3600;
const sun = (time) => Math.max(0, Math.sin(((hour(time) - 6) / 12) * Math.PI));
const VALUES = {
    1: (time) => 320 + 900 * Math.max(0, Math.sin(((hour(time) - 16) / 6) * Math.PI)) + 60 * noise(time),
    2: (time) => (time - START) / 7000,
    3: (time) => 3200 * sun(time) * (0.8 + 0.2 * noise(Math.floor(time / 600))),
    4: (time) => (time - START) / 9000,
    5: (time) => 32 + 6 * Math.sin(time / 9000),
    6: (time) => 21 + Math.sin(time / 30_000),
};
const value = (id, time) =>
    time < START || time > Date.now() / 1000 ? null : Math.round(VALUES[id](time) * 100) / 100;

export function answerHome(endpoint, query, say, refuse) {
    const now = Math.floor(Date.now() / 10_000) * 10;
    if (endpoint === 'feed/list') {
        const list = FEEDS.map(([id, tag, name, unit], at) => ({
            ...{ id, tag, name, unit, userid: '1', public: '', size: '48000000', engine: '5' },
            ...{ time: now - [0, 0, 40, 90, 4000, 4e6][at], value: value(id, now) },
            ...(query.has('meta') ? { interval: 10, start_time: START } : {}),
        }));
        return say(200, list);
    }
    if (endpoint === 'feed/data')
        return say(
            200,
            (query.get('ids') ?? '').split(',').map((id) => ({ feedid: id, data: data(id, query) })),
        );
    if (endpoint === 'feed/csvexport') {
        const lines = data(query.get('ids').split(',')[0], query).map((pair) => pair.join(','));
        return say(200, lines.join('\n') + '\n', { 'Content-Type': 'application/octet-stream' });
    }
    if (endpoint === 'input/list') {
        const input = (id, name) => ({
            id,
            nodeid: 'emontx',
            name,
            description: '',
            processList: '1:1',
            time: now,
            value: value(id, now),
        });
        return say(200, [input('1', 'power1'), input('3', 'power2')]);
    }
    return refuse(403, 'denied', `${endpoint} is not in this home's access list`);
}

function data(id, query) {
    if (!VALUES[id]) return [];
    const [start, end] = [Number(query.get('start')), Number(query.get('end'))];
    const calendar = { daily: DAY, weekly: 7 * DAY, monthly: 30 * DAY, annual: 365 * DAY }[query.get('interval')];
    const step = calendar ?? Math.max(10, Number(query.get('interval')));
    const isDelta = (query.get('delta') ?? '0') !== '0';
    const points = [];
    for (let time = start; time <= end && points.length < 20_000; time += step) {
        const [first, next] = [value(id, time), value(id, Math.min(time + step, Date.now() / 1000 - 1))];
        const difference = first === null || next === null ? null : next - first;
        points.push([time, isDelta ? difference : first]);
    }
    return points;
}
