/** `npm run check`: types, lint, formatting, dependency direction and unused code, side by side. */
import { spawn } from 'node:child_process';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');
const BIN = path.join(ROOT, 'node_modules', '.bin');
const FOLDERS = [
  'common',
  'system',
  'policy',
  'clusters',
  'graders',
  'labs',
  'server',
  'web',
  'scripts',
  'test',
];
const CHECKS = [
  ['types', 'tsc', ['--noEmit', '-p', '.']],
  ['types of the pages', 'tsc', ['--noEmit', '-p', 'web']],
  ['lint', 'eslint', ['.', '--no-warn-ignored']],
  ['formatting', 'prettier', ['--check', '--log-level=warn', '.']],
  [
    'dependency direction',
    'depcruise',
    ['--config', '.dependency-cruiser.cjs', '--output-type', 'err', ...FOLDERS],
  ],
  ['unused code', 'knip', ['--no-progress']],
];

/** @param {string} program @param {string[]} args */
function run(program, args) {
  return new Promise((resolve) => {
    const child = spawn(path.join(BIN, program), args, {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('close', (code) => resolve({ code, output }));
  });
}

const results = await Promise.all(
  CHECKS.map(async ([name, program, args]) => ({ name, ...(await run(program, args)) })),
);
for (const { name, code, output } of results) {
  console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${name}`);
  if (code !== 0) console.log(output);
}
if (results.some(({ code }) => code !== 0)) process.exitCode = 1;
