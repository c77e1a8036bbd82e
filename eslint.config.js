// @ts-check
import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import unicorn from 'eslint-plugin-unicorn';
import tseslint from 'typescript-eslint';

/** Each outside thing has one door: only the named folders may import it. */
const DOORS = [
  {
    packages: ['execa', 'node:child_process', 'child_process', '@lydell/node-pty'],
    folders: ['system/'],
    doors: ['system/'],
  },
  { packages: ['@kubernetes/client-node'], folders: ['clusters/'], doors: ['clusters/'] },
  { packages: ['express', 'ejs', 'express-session'], folders: ['server/'], doors: ['server/'] },
  { packages: ['libsql', 'kysely'], folders: ['server/'], doors: ['server/database/'] },
];

/** @param {string} folder */
const doorRules = (folder) => ({
  'no-restricted-imports': [
    'error',
    {
      paths: DOORS.filter(({ folders }) => !folders.includes(folder)).flatMap(
        ({ packages, doors }) =>
          packages.map((name) => ({ name, message: `Only ${doors.join(', ')} may import this.` })),
      ),
    },
  ],
});

export default defineConfig(
  globalIgnores(['dist', 'coverage', 'test-results', 'node_modules']),
  {
    files: ['**/*.ts'],
    extends: [
      js.configs.recommended,
      tseslint.configs.strictTypeChecked,
      tseslint.configs.stylisticTypeChecked,
    ],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { unicorn },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      'unicorn/filename-case': ['error', { case: 'kebabCase' }],
      'max-params': ['error', 3],
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'exit', message: 'Throw, or set process.exitCode.' },
        { object: 'process', property: 'env', message: 'Read settings from server/config.ts.' },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Use a named export.' },
      ],
      ...doorRules(''),
    },
  },
  ...['system/', 'clusters/', 'server/'].map((folder) => ({
    files: [`${folder}**/*.ts`],
    rules: doorRules(folder),
  })),
  {
    files: ['**/*.{test,contract}.ts', 'test/**/*.ts'],
    rules: {
      '@typescript-eslint/consistent-type-assertions': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off', // expect.any() is typed any
    },
  },
  {
    files: [
      'scripts/**',
      'test/**',
      'server/main.ts',
      'server/config.ts',
      'clusters/embedded/host/main.ts',
    ],
    rules: { 'no-console': 'off', 'no-restricted-properties': 'off' },
  },
);
