// What stands behind the page in the field: Mosquitto, the bridge, and the agent, each a real one.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { project } from './home.mjs';
import { folder, freePort, listens, start, until } from './process.mjs';

const programs = process.env.REMOTEACCESS_BIN_DIR ?? path.join(project, 'target/debug');
const PASSWORD = 'correct horse battery staple';

export class Chain {
    static async start(certs) {
        const chain = new Chain();
        chain.dir = folder();
        chain.account = { name: 'alice', password: PASSWORD };
        await chain.startBroker(certs);
        await chain.startBridge();
        return chain;
    }

    async startBroker(certs) {
        const at = (name) => path.join(this.dir, name);
        [this.plain, this.mqtt] = [await freePort(), await freePort()];
        // What an operator does, for this folder in place of the system.
        const etc = at('etc/emoncms-remoteaccess');
        fs.mkdirSync(etc, { recursive: true });
        const broker =
            'secret = "0123456789abcdef0123456789abcdef"\n[broker]\nhost = "127.0.0.1"\nusername = "bridge"\npassword = "bridge-password"\n';
        fs.writeFileSync(path.join(etc, 'bridge.toml'), broker);
        execFileSync(path.join(programs, 'remoteaccess-bridge'), ['setup', '--root', this.dir], { stdio: 'pipe' });
        for (const [from, to] of [
            [certs.certificate, 'server.crt'],
            [certs.key, 'server.key'],
        ])
            fs.copyFileSync(from, at(to));
        const changed = {
            'listener 1883 127.0.0.1': `listener ${this.plain} 127.0.0.1`,
            'listener 8883': `listener ${this.mqtt} 127.0.0.1`,
            certfile: `certfile ${at('server.crt')}`,
            keyfile: `keyfile ${at('server.key')}`,
            plugin_opt_config_file: `plugin_opt_config_file ${at('var/lib/mosquitto/emoncms-remoteaccess/dynamic-security.json')}`,
        };
        const snippet = fs.readFileSync(at('etc/mosquitto/conf.d/emoncms-remoteaccess.conf'), 'utf8');
        const lines = snippet.split('\n');
        const line = (text) => changed[text] ?? changed[text.split(' ')[0]] ?? text;
        const user = process.getuid() === 0 ? ['user root'] : [];
        fs.writeFileSync(at('mosquitto.conf'), [...user, ...lines.map(line), ''].join('\n'));
        this.broker = start('mosquitto', ['-c', at('mosquitto.conf')], {
            env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
        });
        await listens(this.mqtt, this.broker);
    }

    async startBridge() {
        const file = path.join(this.dir, 'bridge.toml');
        fs.writeFileSync(
            file,
            `listen = "127.0.0.1:0"\nhttps = false\nsecret = "0123456789abcdef0123456789abcdef"\n` +
                `[database]\nurl = "sqlite:${path.join(this.dir, 'bridge.db')}"\n` +
                `[broker]\nhost = "127.0.0.1"\nport = ${this.plain}\n` +
                `username = "bridge"\npassword = "bridge-password"\nhomes_port = ${this.mqtt}\n`,
        );
        const account = execFileSync(
            path.join(programs, 'remoteaccess-bridge'),
            ['--config', file, 'account', 'add', this.account.name, '--keys'],
            { input: PASSWORD, encoding: 'utf8' },
        );
        this.account.read = account.match(/read_key = (\w+)/)[1];
        this.account.write = account.match(/write_key = (\w+)/)[1];
        this.bridge = start(path.join(programs, 'remoteaccess-bridge'), ['--config', file]);
        const [, url] = await until('the bridge', () =>
            this.bridge
                .log()
                .replace(/\x1b\[[0-9;]*m/g, '')
                .match(/listening on (http:\/\/[\d.:]+)/),
        );
        this.url = url;
    }

    startAgent(home) {
        this.agent = start(path.join(programs, 'remoteaccess-agent'), [
            '--config',
            home.config,
            '--status',
            home.status,
        ]);
    }

    /** As somebody on the web asks for it. */
    async ask(endpoint) {
        const answer = await fetch(`${this.url}/${endpoint}.json`, {
            headers: { Authorization: `Bearer ${this.account.read}` },
        });
        return { status: answer.status, body: await answer.json() };
    }

    async stop() {
        for (const program of [this.agent, this.bridge, this.broker]) await program?.stop();
        fs.rmSync(this.dir, { recursive: true, force: true });
    }
}
