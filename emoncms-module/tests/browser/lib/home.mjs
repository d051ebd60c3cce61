// An emoncms with the module in it: the stage, or a real one. All tests run on either.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { atExit, folder, freePort, listens, start } from './process.mjs';

export const tests = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const project = path.resolve(tests, '../..');
const MODULE = path.resolve(tests, '../remoteaccess');

class Home {
    constructor() {
        this.dir = folder();
        this.data = path.join(this.dir, 'data');
        this.run = path.join(this.dir, 'run');
        for (const dir of [this.data, this.run]) fs.mkdirSync(dir);
        this.config = path.join(this.data, 'remoteaccess.json');
        this.status = path.join(this.run, 'status.json');
    }

    save(settings) {
        fs.writeFileSync(`${this.config}.test`, typeof settings === 'string' ? settings : JSON.stringify(settings));
        fs.renameSync(`${this.config}.test`, this.config);
    }

    saved() {
        return JSON.parse(fs.readFileSync(this.config, 'utf8'));
    }

    /** As if nothing had been set up. */
    forget() {
        fs.rmSync(this.config, { force: true });
        fs.rmSync(this.status, { force: true });
    }
}

export class Stage extends Home {
    static async start(generation, { cloud_port = 443, ca = '' } = {}) {
        const stage = new Stage();
        stage.name = `stage (${generation})`;
        stage.generation = generation;
        stage.owner = { name: 'owner', password: 'owner-password', read: 'a'.repeat(32), write: 'b'.repeat(32) };
        stage.other = { name: 'second', password: 'second-password', read: 'c'.repeat(32), write: 'd'.repeat(32) };
        fs.cpSync(path.join(tests, 'stage/Modules'), path.join(stage.dir, 'Modules'), { recursive: true });
        fs.symlinkSync(MODULE, path.join(stage.dir, 'Modules/remoteaccess'));
        stage.port = await freePort();
        stage.base = `http://127.0.0.1:${stage.port}/`;
        await stage.launch({ cloud_port, ca });
        return stage;
    }

    async launch({ cloud_port, ca }) {
        const users = {};
        for (const [index, user] of [this.owner, this.other].entries()) {
            users[user.name] = { ...user, userid: index + 1, admin: index === 0 ? 1 : 0, lang: this.language ?? '' };
        }
        const settings = { remoteaccess: { datadir: this.data, statusdir: this.run, https_port: cloud_port } };
        const stage = JSON.stringify({ generation: this.generation, settings, users });
        const words = [
            '-S',
            `127.0.0.1:${this.port}`,
            '-t',
            this.dir,
            '-d',
            `session.save_path=${this.dir}`,
            '-d',
            'display_errors=1',
        ];
        if (ca) words.push('-d', `curl.cainfo=${ca}`);
        this.server = start('php', [...words, path.join(tests, 'stage/index.php')], {
            cwd: this.dir,
            env: { ...process.env, STAGE: stage },
        });
        this.options = { cloud_port, ca };
        await listens(this.port, this.server);
    }

    async speak(language) {
        await this.server.stop();
        this.language = language;
        await this.launch(this.options);
    }

    async stop() {
        await this.server.stop();
        fs.rmSync(this.dir, { recursive: true, force: true });
    }
}

export class RealEmoncms extends Home {
    static source = process.env.EMONCMS_SRC ?? '';
    static script = process.env.EMONCMS_SCRIPT ?? path.resolve(project, '../shared/real-emoncms.sh');

    static async start(source, { cloud_port = 443, ca = '' } = {}) {
        const real = new RealEmoncms();
        real.rig = path.join(real.dir, 'rig');
        real.environment = {
            ...process.env,
            EMONCMS_SRC: source,
            MODULE_DIR: MODULE,
            RIG_SECOND_USER: 'second',
            FEEDS: '3',
            DAYS: '1',
            FPM_CHILDREN: '6',
            CURL_CAINFO: ca,
        };
        for (const name of ['HTTP_PORT', 'DB_PORT', 'REDIS_PORT']) real.environment[name] = String(await freePort());
        // Its servers keep its output open: a file does not wait for their end.
        const log = fs.openSync(path.join(real.dir, 'start.log'), 'w');
        atExit(() => real.clean());
        execFileSync('bash', [RealEmoncms.script, 'start', real.rig], {
            env: real.environment,
            stdio: ['ignore', log, log],
        });
        const rig = Object.fromEntries(
            fs
                .readFileSync(path.join(real.rig, 'rig.env'), 'utf8')
                .trim()
                .split('\n')
                .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
        );
        real.name = `emoncms ${rig.EMONCMS_VERSION}`;
        real.base = rig.BASE_URL;
        real.owner = { name: rig.RIG_USER, password: rig.RIG_PASSWORD, read: rig.APIKEY_READ, write: rig.APIKEY_WRITE };
        real.other = {
            name: 'second',
            password: rig.RIG_PASSWORD,
            read: rig.SECOND_APIKEY_READ,
            write: rig.SECOND_APIKEY_WRITE,
        };
        fs.appendFileSync(
            path.join(rig.EMONCMS_APP, 'settings.ini'),
            `[remoteaccess]\ndatadir = "${real.data}"\nstatusdir = "${real.run}"\nhttps_port = ${cloud_port}\n`,
        );
        if (process.getuid() === 0) execFileSync('chown', [rig.WWW_USER, real.data]);
        return real;
    }

    clean() {
        if (!fs.existsSync(this.rig)) return;
        execFileSync('bash', [RealEmoncms.script, 'clean', this.rig], { env: this.environment, stdio: 'ignore' });
        fs.rmSync(this.dir, { recursive: true, force: true });
    }

    async stop() {
        this.clean();
    }
}
