// Programs that a test starts, and ends by itself.
import { spawn } from 'node:child_process';
import net from 'node:net';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export const SOON = 20000;

// Also where a test is interrupted, nothing of it stays behind.
const folders = [];
const children = [];
const last_words = [];
process.on('exit', () => {
    for (const child of children) child.kill('SIGKILL');
    for (const word of last_words) word();
    for (const made of folders) fs.rmSync(made, { recursive: true, force: true });
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

export function atExit(word) {
    last_words.push(word);
}

/** A new folder, open to other users where emoncms runs as one. */
export function folder() {
    const made = fs.mkdtempSync(path.join(os.tmpdir(), 'remoteaccess-'));
    fs.chmodSync(made, 0o755);
    folders.push(made);
    return made;
}

export function freePort() {
    return new Promise((resolve, reject) => {
        const probe = net.createServer().on('error', reject);
        probe.listen(0, '127.0.0.1', () => {
            const { port } = probe.address();
            probe.close(() => resolve(port));
        });
    });
}

/** Starts a program; `stop` ends it, and `log` tells what it said. */
export function start(command, words, options = {}) {
    const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    children.push(child);
    let said = '';
    child.stdout.on('data', (part) => {
        said += part;
    });
    child.stderr.on('data', (part) => {
        said += part;
    });
    const ended = new Promise((resolve) => {
        child.on('error', (error) => {
            said += error;
            resolve();
        });
        child.on('exit', resolve);
    });
    return {
        pid: child.pid,
        log: () => said,
        isRunning: () => child.exitCode === null && child.signalCode === null,
        stop: async (signal = 'SIGTERM') => {
            child.kill(signal);
            await ended;
        },
    };
}

/** Waits until `check` gives something; looks every 20 ms. */
export async function until(what, check, within = SOON) {
    const end = Date.now() + within;
    for (;;) {
        const found = await check();
        if (found) return found;
        if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
        await new Promise((resolve) => {
            setTimeout(resolve, 20);
        });
    }
}

export function listens(port, process) {
    return until(
        `port ${port}`,
        () =>
            new Promise((resolve) => {
                if (process && !process.isRunning()) throw new Error(`it ended:\n${process.log()}`);
                const socket = net.connect(port, '127.0.0.1');
                socket.on('connect', () => {
                    socket.destroy();
                    resolve(true);
                });
                socket.on('error', () => resolve(false));
            }),
    );
}
