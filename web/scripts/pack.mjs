// After the build: packs each file with brotli and gzip, prints what a first view costs, and fails above the budget.
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';

/** What may come before the first view, packed. */
const FIRST_VIEW = 60_000;
/** And everything that there is, packed, pictures aside. */
const EVERYTHING = 120_000;
const WORTH_PACKING = /\.(html|js|css|svg|webmanifest)$/;

const dist = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '../dist');
const files = fs
    .readdirSync(dist, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => WORTH_PACKING.test(file));

const sizes = files.map(pack);
const first = firstView();
let [view, all] = [0, 0];
for (const { name, plain, gzip, brotli } of sizes.sort((a, b) => b.brotli - a.brotli)) {
    all += brotli;
    if (first.has(name)) view += brotli;
    const mark = first.has(name) ? '*' : ' ';
    console.log(`${mark} ${name.padEnd(42)} ${kilo(plain)} plain  ${kilo(gzip)} gzip  ${kilo(brotli)} brotli`);
}
console.log(`* first view: ${kilo(view)} of ${kilo(FIRST_VIEW)}; everything: ${kilo(all)} of ${kilo(EVERYTHING)}`);
if (view > FIRST_VIEW || all > EVERYTHING) {
    console.error('The web view has grown beyond its budget (web/scripts/pack.mjs).');
    process.exit(1);
}

function pack(file) {
    const bytes = fs.readFileSync(file);
    const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = zlib.constants;
    const brotli = zlib.brotliCompressSync(bytes, {
        params: { [BROTLI_PARAM_QUALITY]: 11, [BROTLI_PARAM_SIZE_HINT]: bytes.length },
    });
    const gzip = zlib.gzipSync(bytes, { level: 9 });
    fs.writeFileSync(`${file}.br`, brotli);
    fs.writeFileSync(`${file}.gz`, gzip);
    const name = path.relative(dist, file).split(path.sep).join('/');
    return { name, plain: bytes.length, gzip: gzip.length, brotli: brotli.length };
}

/** The page and what it names, but for what browsers fetch when they have time. */
function firstView() {
    const page = fs.readFileSync(path.join(dist, 'index.html'), 'utf8');
    const named = [...page.matchAll(/(?:src|href)="\/-\/([^"]+\.(?:js|css))"/g)].map((match) => match[1]);
    return new Set(['index.html', ...named]);
}

function kilo(bytes) {
    return `${(bytes / 1000).toFixed(1).padStart(6)} kB`;
}
