import vue from 'eslint-plugin-vue';
import ts from 'typescript-eslint';

export default ts.config(
    { ignores: ['dist', 'node_modules'] },
    ...ts.configs.recommended,
    ...vue.configs['flat/essential'],
    {
        files: ['**/*.vue'],
        languageOptions: { parserOptions: { parser: ts.parser } },
        rules: {
            'vue/multi-word-component-names': 'off',
            // Names come from strangers' homes, and the policy forbids styles in the page.
            'vue/no-v-html': 'error',
            'vue/no-static-inline-styles': 'error',
        },
    },
    {
        rules: {
            'no-restricted-properties': [
                'error',
                { property: 'innerHTML', message: 'text only' },
                { property: 'outerHTML', message: 'text only' },
            ],
            eqeqeq: 'error',
            'prefer-const': 'error',
        },
    },
);
