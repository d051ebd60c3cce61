/** `npm run dev`: a bridge with made data, in Vite's own server. */
export function mock() {
    return { name: 'mock-bridge' };
}
