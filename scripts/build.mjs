/**
 * Builds `dist/`: the bundles Node runs, the page's scripts and styles, the C programs, and the catalogue of
 * Kubernetes types. `buildIfStale` skips each part whose sources have not changed since.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(import.meta.dirname, '..');
const DIST = path.join(ROOT, 'dist');

const SOURCE_FOLDERS = [
  'common',
  'system',
  'policy',
  'clusters',
  'graders',
  'labs',
  'server',
  'scripts',
];
const NODE_ENTRIES = {
  gatehouse: 'scripts/gatehouse.ts',
  host: 'clusters/embedded/host/main.ts',
  bench: 'scripts/bench.ts',
};
const AGENT = 'clusters/embedded/agent/native';
const STANDINS = 'clusters/embedded/images/native';

/** @typedef {{ name: string; sources: () => string[]; outputs: string[]; build: () => Promise<void> }} Part */

/** @type {Part[]} */
const PARTS = [
  {
    name: 'native programs',
    sources: () => [...files(AGENT, /\.[ch]$/), ...files(STANDINS, /\.[ch]$/)],
    outputs: ['native/agent', 'native/join', 'native/standin'],
    build: buildNative,
  },
  {
    name: 'Kubernetes types',
    sources: () => [
      ...files('clusters/embedded/api/schema', /(?<!\.test)\.ts$/),
      path.join(ROOT, 'node_modules/@kubernetes/client-node/package.json'),
    ],
    outputs: ['catalogue.json'],
    build: buildCatalogue,
  },
  {
    name: 'server',
    sources: () => SOURCE_FOLDERS.flatMap((folder) => files(folder, /(?<!\.test)\.ts$/)),
    outputs: ['gatehouse.js', 'host.js'],
    build: buildNode,
  },
  {
    name: 'pages',
    sources: () => [...files('web', /\.(ts|css|svg)$/), ...files('common', /(?<!\.test)\.ts$/)],
    outputs: ['web/main.css'],
    build: buildWeb,
  },
];

/** @param {string} folder @param {RegExp} pattern */
function files(folder, pattern) {
  const absolute = path.join(ROOT, folder);
  if (!existsSync(absolute)) return [];
  return readdirSync(absolute, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name));
}

/** Names, sizes and dates: enough to see a change, cheap enough for every start. @param {Part} part */
function fingerprint(part) {
  const hash = createHash('sha256');
  for (const file of [fileURLToPath(import.meta.url), ...part.sources().sort()]) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${file}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** @param {Part} part */
const stampFile = (part) => path.join(DIST, '.stamps', part.name.replaceAll(' ', '-'));

/** @param {Part} part @param {string} print */
function isFresh(part, print) {
  if (!part.outputs.every((output) => existsSync(path.join(DIST, output)))) return false;
  const stamp = stampFile(part);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === print;
}

/** @param {{ say: (text: string) => void }} options */
export async function buildIfStale({ say }) {
  for (const part of PARTS) {
    const print = fingerprint(part);
    if (isFresh(part, print)) continue;
    say(`Building ${part.name}`);
    await part.build();
    mkdirSync(path.dirname(stampFile(part)), { recursive: true });
    writeFileSync(stampFile(part), print);
  }
}

/** @param {string[]} args */
function compile(args) {
  const { status, stderr, error } = spawnSync('gcc', args, { cwd: ROOT, encoding: 'utf8' });
  if (error || status !== 0) throw new Error(`gcc ${args.join(' ')}\n${error?.message ?? stderr}`);
}

async function buildNative() {
  const out = path.join(DIST, 'native');
  mkdirSync(out, { recursive: true });
  const flags = ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror=implicit-function-declaration'];
  const agent = files(AGENT, /\.c$/);
  const join = agent.filter((file) => path.basename(file).startsWith('join'));
  const rest = agent.filter((file) => !join.includes(file));
  compile([...flags, '-o', path.join(out, 'agent'), ...rest, '-ldl']);
  compile([...flags, '-o', path.join(out, 'join'), ...join]);
  compile([...flags, '-static', '-s', '-o', path.join(out, 'standin'), ...files(STANDINS, /\.c$/)]);
}

async function buildCatalogue() {
  const { build } = await import('esbuild');
  const generator = path.join(DIST, '.generate-catalogue.mjs');
  await build({
    ...nodeOptions(),
    entryPoints: [path.join(ROOT, 'clusters/embedded/api/schema/generate.ts')],
    outfile: generator,
  });
  const { generateCatalogue } = await import(`${generator}?${Date.now()}`);
  writeFileSync(path.join(DIST, 'catalogue.json'), JSON.stringify(await generateCatalogue()));
  rmSync(generator);
}

/** @returns {import('esbuild').BuildOptions} */
function nodeOptions() {
  return {
    absWorkingDir: ROOT,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    packages: 'external',
    sourcemap: true,
    logLevel: 'warning',
  };
}

async function buildNode() {
  const { build } = await import('esbuild');
  const entryPoints = Object.fromEntries(
    Object.entries(NODE_ENTRIES).filter(([, file]) => existsSync(path.join(ROOT, file))),
  );
  await build({
    ...nodeOptions(),
    entryPoints,
    outdir: DIST,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    // In one file they load twice as fast as from a thousand; what holds native code or is huge stays outside.
    minifyWhitespace: true,
    packages: 'bundle',
    external: ['@kubernetes/client-node', '@lydell/node-pty', 'libsql'],
    banner: {
      js: "import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);",
    },
  });
}

async function buildWeb() {
  const { build } = await import('esbuild');
  const entries = files('web/entries', /\.ts$/);
  await build({
    absWorkingDir: ROOT,
    entryPoints: [...entries, path.join(ROOT, 'web/styles/main.css')].filter((file) =>
      existsSync(file),
    ),
    outdir: path.join(DIST, 'web'),
    entryNames: '[name]',
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    sourcemap: true,
    loader: { '.svg': 'dataurl' },
    logLevel: 'warning',
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildIfStale({ say: (text) => process.stdout.write(`${text}\n`) });
}
