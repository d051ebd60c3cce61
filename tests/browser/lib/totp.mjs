// What an authenticator app does (RFC 6238).
import crypto from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The code of now, or of so many steps of 30 seconds aside. */
export function code(secret, aside = 0) {
    const bits = [...secret.replace(/[^A-Z2-7]/g, '')].map((letter) =>
        ALPHABET.indexOf(letter).toString(2).padStart(5, '0'),
    );
    const bytes = bits
        .join('')
        .match(/.{8}/g)
        .map((byte) => parseInt(byte, 2));
    const step = Buffer.alloc(8);
    step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + aside));
    const tag = crypto.createHmac('sha1', Buffer.from(bytes)).update(step).digest();
    const at = tag[19] & 15;
    return String((tag.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}
