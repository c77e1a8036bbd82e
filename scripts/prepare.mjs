/**
 * Makes a machine ready: npm packages, system packages, build. Plain JavaScript and Node's own modules only,
 * because it runs before anything is installed. What is already there is left alone.
 *
 *   node scripts/prepare.mjs start|test|bench|build
 */
import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  openSync,
  readSync,
  closeSync,
  readFileSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(import.meta.dirname, '..');
const MINIMUM_NODE = [20, 19];

/** What the product needs beside Node: how to see that it is there, and Debian's package for it. */
const SYSTEM_NEEDS = [
  { what: 'bubblewrap', debianPackage: 'bubblewrap', isPresent: () => onPath('bwrap') },
  { what: 'nftables', debianPackage: 'nftables', isPresent: () => onPath('nft') },
  { what: 'a C compiler', debianPackage: 'gcc', isPresent: () => onPath('gcc') },
  {
    what: "the C library's headers",
    debianPackage: 'libc6-dev',
    isPresent: () => existsSync('/usr/include/stdio.h'),
  },
  {
    what: 'a static busybox',
    debianPackage: 'busybox-static',
    isPresent: () => isStaticProgram('/bin/busybox'),
  },
  { what: 'kubectl', debianPackage: 'kubernetes-client', isPresent: () => onPath('kubectl') },
  { what: 'ip', debianPackage: 'iproute2', isPresent: () => onPath('ip') },
  { what: 'curl', debianPackage: 'curl', isPresent: () => onPath('curl') },
  { what: 'dig', debianPackage: 'bind9-dnsutils', isPresent: () => onPath('dig') },
  { what: 'nc', debianPackage: 'netcat-openbsd', isPresent: () => onPath('nc') },
  { what: 'jq', debianPackage: 'jq', isPresent: () => onPath('jq') },
  { what: 'less', debianPackage: 'less', isPresent: () => onPath('less') },
  { what: 'nano', debianPackage: 'nano', isPresent: () => onPath('nano') },
  { what: 'vim', debianPackage: 'vim-tiny', isPresent: () => onPath('vi') },
  {
    what: 'bash completion',
    debianPackage: 'bash-completion',
    isPresent: () => existsSync('/usr/share/bash-completion/bash_completion'),
  },
];
const TEST_NEEDS = [
  { what: 'Chromium', debianPackage: 'chromium', isPresent: () => onPath('chromium') },
];

/** @param {string} program */
function onPath(program) {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(path.join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Whether an ELF program needs no dynamic loader (no PT_INTERP program header). @param {string} file */
function isStaticProgram(file) {
  try {
    const fd = openSync(file, 'r');
    const head = Buffer.alloc(4096);
    readSync(fd, head, 0, head.length, 0);
    closeSync(fd);
    if (head.readUInt32BE(0) !== 0x7f454c46) return false;
    const tableOffset = Number(head.readBigUInt64LE(32));
    const entrySize = head.readUInt16LE(54);
    const entries = head.readUInt16LE(56);
    for (let i = 0; i < entries; i++) {
      if (head.readUInt32LE(tableOffset + i * entrySize) === 3) return false;
    }
    return true;
  } catch {
    return false;
  }
}

/** @param {string} text */
const say = (text) => process.stdout.write(`${text}\n`);

/** @param {string} text */
function stop(text) {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

/** @param {string} command @param {string[]} args @param {Record<string, string>} [env] */
function run(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  });
  if (error) stop(`gatehouse: could not run ${command}: ${error.message}`);
  return status ?? 1;
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [needMajor = 0, needMinor = 0] = MINIMUM_NODE;
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return;
  stop(
    `gatehouse: Node ${process.versions.node} is too old; ${MINIMUM_NODE.join('.')} or newer is needed.\n` +
      'Fix: install Node 20 (https://nodejs.org), then run the same command again.',
  );
}

function installSystemPackages(/** @type {typeof SYSTEM_NEEDS} */ needs) {
  const missing = needs.filter((need) => !need.isPresent());
  if (missing.length === 0) return;
  const packages = missing.map((need) => need.debianPackage);
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  const names = missing.map((need) => need.what).join(', ');
  if (process.getuid?.() !== 0 || !onPath('apt-get')) {
    stop(
      `gatehouse: this machine lacks ${names}.\n` +
        `Fix: sudo apt-get update && sudo ${command}\n` +
        '(or the packages of the same kind on a system that is not Debian or Ubuntu), then run the same command again.',
    );
  }
  say(`Installing system packages for ${names}: ${packages.join(' ')}`);
  const quiet = { DEBIAN_FRONTEND: 'noninteractive' };
  if (run('apt-get', ['update', '-qq'], quiet) !== 0)
    say('apt-get update failed; trying with the lists there are.');
  const status = run(
    'apt-get',
    ['install', '-y', '-qq', '--no-install-recommends', ...packages],
    quiet,
  );
  if (status !== 0)
    stop(
      `gatehouse: apt-get could not install ${packages.join(', ')}.\nFix: run "${command}" and read what it says.`,
    );
  const still = needs.filter((need) => !need.isPresent());
  if (still.length > 0)
    stop(`gatehouse: still missing after the install: ${still.map((n) => n.what).join(', ')}.`);
}

function installNpmPackages() {
  const lock = path.join(ROOT, 'package-lock.json');
  const installed = path.join(ROOT, 'node_modules', '.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs - 1) return;
  if (existsSync(installed) && sameVersions(lock, installed)) return;
  say('Installing npm packages');
  const status = run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  if (status !== 0) {
    stop(
      'gatehouse: npm ci failed, see above.\nFix: check the network and the npm registry setting, then run the same command again.',
    );
  }
}

/** A checkout gives the lock file a new date; its content decides. @param {string} lock @param {string} installed */
function sameVersions(lock, installed) {
  const wanted = JSON.parse(readFileSync(lock, 'utf8')).packages;
  const present = JSON.parse(readFileSync(installed, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([name, entry]) => name === '' || entry.optional || present[name]?.version === entry.version,
  );
}

async function main() {
  const purpose = process.argv[2] ?? 'start';
  checkNode();
  installSystemPackages(purpose === 'test' ? [...SYSTEM_NEEDS, ...TEST_NEEDS] : SYSTEM_NEEDS);
  installNpmPackages();
  const { buildIfStale } = await import('./build.mjs');
  await buildIfStale({ say });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main();
}
