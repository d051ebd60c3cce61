/// <reference types="vitest/config" />
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';
import { mock } from './dev/mock.mjs';

export default defineConfig({
    // What the bridge serves of its own is below /-/; the rest of its addresses is emoncms' API.
    base: '/-/',
    plugins: [vue(), mock()],
    define: { __VUE_OPTIONS_API__: false, __VUE_PROD_DEVTOOLS__: false },
    build: {
        target: ['chrome93', 'firefox101', 'safari15.4'],
        modulePreload: { polyfill: false },
        assetsInlineLimit: 0,
        reportCompressedSize: false,
    },
    test: { include: ['test/**/*.test.ts'], environment: 'node' },
});
