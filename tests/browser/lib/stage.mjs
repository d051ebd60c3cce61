// The whole chain, started by the test harness' own program: Mosquitto, the agent, the bridge, and an emoncms.
import { spawn } from 'node:child_process';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';

export const project = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const programs = process.env.REMOTEACCESS_BIN_DIR ?? path.join(project, 'target/debug');

export class Stage {
    static async start() {
        const stage = new Stage();
        stage.process = spawn(path.join(programs, 'stage'), [], {
            stdio: ['pipe', 'pipe', 'pipe'],
            env: { ...process.env, REMOTEACCESS_BIN_DIR: programs },
        });
        stage.said = '';
        stage.process.stderr.on('data', (part) => (stage.said += part));
        stage.lines = readline.createInterface({ input: stage.process.stdout })[Symbol.asyncIterator]();
        stage.ended = new Promise((resolve) => stage.process.on('exit', resolve));
        Object.assign(stage, await stage.next());
        return stage;
    }

    /** One of the orders that tests/src/bin/stage.rs knows. */
    async order(...words) {
        this.process.stdin.write(`${words.join(' ')}\n`);
        const answer = await this.next();
        if (answer.error) throw new Error(answer.error);
        return answer;
    }

    async next() {
        const { value, done } = await this.lines.next();
        if (done) throw new Error(`the stage has ended:\n${this.said}`);
        return JSON.parse(value);
    }

    async stop() {
        this.process.stdin.end();
        await this.ended;
    }
}
