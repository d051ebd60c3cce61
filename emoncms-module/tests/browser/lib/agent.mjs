// A stand-in for the agent: a process with its name, and the status file that a test wants.
import fs from 'node:fs';
import path from 'node:path';
import { start } from './process.mjs';

export class StandInAgent {
    constructor(home) {
        this.home = home;
        const program = path.join(home.dir, 'remoteaccess-standin');
        if (!fs.existsSync(program)) fs.copyFileSync('/bin/sleep', program);
        fs.chmodSync(program, 0o755);
        this.process = start(program, ['600']);
    }

    says(report) {
        const now = Math.floor(Date.now() / 1000);
        const all = {
            state: 'connected',
            message: 'Connected to mqtt.example.',
            since: now - 7500,
            server: 'mqtt.example',
            account: 'alice',
            version: '0.3.0',
            pid: this.process.pid,
            started: now - 93600,
            config_error: null,
            counters: { requests: 0, answered: 0, refused: 0, failed: 0, cancelled: 0, bytes: 0, connects: 1 },
            requests: [],
            ...report,
        };
        fs.writeFileSync(`${this.home.status}.new`, JSON.stringify(all));
        fs.renameSync(`${this.home.status}.new`, this.home.status);
    }

    /** As kill -9 does: the last words stay. */
    async kill() {
        await this.process.stop('SIGKILL');
    }
}

export function request(endpoint, verdict = 'answered', more = {}) {
    const usual = {
        answered: { status: 200, error: null, ms: 7, bytes: 1840 },
        refused: { status: 403, error: 'denied', ms: 0, bytes: 0 },
        failed: { status: 502, error: 'emoncms_unreachable', ms: 3, bytes: 0 },
        cancelled: { status: 0, error: null, ms: 900, bytes: 65536 },
    };
    return { time: Math.floor(Date.now() / 1000) - 40, endpoint, verdict, ...usual[verdict], ...more };
}
