// A server in the cloud: answers POST /user/auth.json over HTTPS, as told.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import { pipeline } from 'node:stream';
import tls from 'node:tls';
import { folder } from './process.mjs';

/** An authority and a certificate for localhost that it signed. */
export function certificates() {
    const dir = folder();
    const at = (name) => path.join(dir, name);
    const openssl = (...words) => execFileSync('openssl', words, { cwd: dir, stdio: 'pipe' });
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '2', '-subj', '/CN=test authority');
    openssl('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost');
    fs.writeFileSync(at('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1');
    openssl(
        'x509',
        '-req',
        '-in',
        'server.csr',
        '-CA',
        'ca.crt',
        '-CAkey',
        'ca.key',
        '-CAcreateserial',
        '-days',
        '2',
        '-extfile',
        'names',
        '-out',
        'server.crt',
    );
    return { dir, ca: at('ca.crt'), certificate: at('server.crt'), key: at('server.key') };
}

export class Cloud {
    /** Takes TLS off and passes all else on to `target`, WebSockets as well; or answers by `answer`. */
    static async start(certs, target = null) {
        const cloud = new Cloud();
        cloud.asked = [];
        cloud.answer = () => ({ success: false, message: 'Incorrect authentication' });
        cloud.servers = [];
        cloud.port = 0;
        // The certificate is not for the second address.
        for (const address of ['127.0.0.1', '127.0.0.2']) {
            const own = { key: fs.readFileSync(certs.key), cert: fs.readFileSync(certs.certificate) };
            const server = target
                ? tls.createServer(own, (socket) => cloud.pass(socket, new URL(target)))
                : https.createServer(own, (request, response) => cloud.tell(request, response));
            await new Promise((resolve, reject) => {
                server.on('error', reject).listen(cloud.port, address, resolve);
            });
            cloud.port = server.address().port;
            cloud.servers.push(server);
        }
        return cloud;
    }

    pass(socket, { hostname, port }) {
        const onward = net.connect(port, hostname);
        pipeline(socket, onward, socket, () => {});
    }

    async tell(request, response) {
        let body = '';
        for await (const part of request) body += part;
        const form = new URLSearchParams(body);
        this.asked.push({ url: request.url, username: form.get('username'), password: form.get('password') });
        const answer = this.answer(form);
        if (typeof answer === 'function') return answer(response);
        response.setHeader('Content-Type', 'application/json');
        return response.end(JSON.stringify(answer));
    }

    stop() {
        for (const server of this.servers) {
            server.closeAllConnections?.();
            server.close();
        }
    }
}
