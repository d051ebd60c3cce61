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
        for (const [user, password] of [
            ['bridge', 'bridge-password'],
            [this.account.name, PASSWORD],
        ]) {
            execFileSync(
                'mosquitto_passwd',
                [...(fs.existsSync(at('passwd')) ? [] : ['-c']), '-b', at('passwd'), user, password],
                { stdio: 'pipe' },
            );
        }
        const access = fs.readdirSync(path.join(project, 'packaging/mosquitto')).find((name) => name.endsWith('.acl'));
        fs.copyFileSync(path.join(project, 'packaging/mosquitto', access), at('acl'));
        for (const [from, to] of [
            [certs.certificate, 'server.crt'],
            [certs.key, 'server.key'],
        ])
            fs.copyFileSync(from, at(to));
        fs.writeFileSync(
            at('mosquitto.conf'),
            [
                'per_listener_settings false',
                'allow_anonymous false',
                `password_file ${at('passwd')}`,
                `acl_file ${at('acl')}`,
                'persistence false',
                'set_tcp_nodelay true',
                ...(process.getuid() === 0 ? ['user root'] : []),
                `listener ${this.plain} 127.0.0.1`,
                `listener ${this.mqtt} 127.0.0.1`,
                `certfile ${at('server.crt')}`,
                `keyfile ${at('server.key')}`,
                '',
            ].join('\n'),
        );
        this.broker = start('mosquitto', ['-c', at('mosquitto.conf')], {
            env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
        });
        await listens(this.mqtt, this.broker);
    }

    async startBridge() {
        const account = execFileSync(path.join(programs, 'remoteaccess-bridge'), ['account', this.account.name], {
            input: PASSWORD,
            encoding: 'utf8',
        });
        this.account.read = account.match(/read_key = "(\w+)"/)[1];
        this.account.write = account.match(/write_key = "(\w+)"/)[1];
        const file = path.join(this.dir, 'bridge.toml');
        fs.writeFileSync(
            file,
            `listen = "127.0.0.1:0"\nhttps = false\n[broker]\nhost = "127.0.0.1"\nport = ${this.plain}\n` +
                `username = "bridge"\npassword = "bridge-password"\n${account}`,
        );
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
