// A proxy before the bridge, as most have one: it passes everything on, until a test has it fail as proxies do.
import http from 'node:http';

export class Front {
    static async before(url) {
        const front = new Front();
        Object.assign(front, { broken: [], open: new Map() });
        front.server = http.createServer((request, response) => front.#pass(new URL(url), request, response));
        await new Promise((ready) => front.server.listen(0, '127.0.0.1', ready));
        front.url = `http://127.0.0.1:${front.server.address().port}`;
        return front;
    }

    /** From now on what is asked for there gets this status, with a page; what is under way breaks off. */
    break(where, status) {
        this.broken.push({ where, status });
        for (const [response, path] of this.open) if (where.test(path)) response.destroy();
    }

    mend() {
        this.broken = [];
    }

    stop() {
        this.server.closeAllConnections();
        return new Promise((done) => this.server.close(done));
    }

    #pass(to, request, response) {
        const broken = this.broken.find(({ where }) => where.test(request.url));
        if (broken) {
            response.writeHead(broken.status, { 'Content-Type': 'text/html' });
            return response.end(`<html><body><h1>${broken.status}</h1></body></html>`);
        }
        this.open.set(response, request.url);
        response.on('close', () => this.open.delete(response));
        const { method, headers } = request;
        const path = request.url;
        const onward = http.request({ host: to.hostname, port: to.port, method, path, headers }, (answer) => {
            response.writeHead(answer.statusCode, answer.headers);
            answer.pipe(response);
        });
        onward.on('error', () => response.destroy());
        response.on('close', () => onward.destroy());
        request.pipe(onward);
    }
}
