import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { runCommand } from '../../../system/run-command.js';
import type { SharedFolders } from '../kubelet/context.js';
import { makeBusyboxFolder } from './busybox-folder.js';
import { SHARED_ETC, writeEtcFolder } from '../kubelet/etc-folder.js';

const USERLANDS = ['busybox', 'debian', 'minimal'] as const;
const [BUSYBOX, WITH_BASH] = ['busybox', 'busybox-bash'];
const PATHS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Where a program of the machine is, or undefined. */
export function findProgram(name: string, folders: readonly string[] = PATHS): string | undefined {
  return folders.map((folder) => path.join(folder, name)).find((file) => existsSync(file));
}

export interface ShareOptions {
  stateDir: string;
  /** `dist/native`: the agent, its join program, the images' stand-ins. */
  nativeDir: string;
  kubectl: string | undefined;
}

export interface Share extends SharedFolders {
  agentPath: string;
  joinPath: string;
  /** kubectl for the workstation, where sandboxes do not see the machine's own anyway. */
  workstationPrograms: Readonly<Record<string, string>>;
}

/**
 * What all sandboxes are built from, copied to where every cluster's user may read it: our programs, busybox
 * with its names, and settings of the machine. Made once per version; what older hosts left is removed.
 */
export async function prepareShare(options: ShareOptions): Promise<Share> {
  const busybox = findProgram('busybox');
  const digest = fingerprint([
    ...listFiles(options.nativeDir),
    ...(busybox === undefined ? [] : [busybox]),
  ]);
  const root = path.join(options.stateDir, 'share');
  const folder = path.join(root, digest);
  mkdirSync(root, { recursive: true, mode: 0o755 });
  if (!existsSync(folder)) {
    const draft = `${folder}.draft`;
    rmSync(draft, { recursive: true, force: true });
    await build(draft, { ...options, busybox });
    renameSync(draft, folder);
  }
  for (const name of readdirSync(root)) {
    if (name !== digest) rmSync(path.join(root, name), { recursive: true, force: true });
  }
  return shareIn(folder, options.kubectl);
}

/** Below /usr, and not in what sandboxes have of their own there. */
function isVisible(program: string): boolean {
  const real = realpathSync(program);
  return [program, real].every((file) => /^\/usr\/(?!local\/)/.test(file));
}

function listFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(folder, entry.name))
    .sort();
}

function fingerprint(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(path.basename(file)).update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

async function build(
  folder: string,
  { nativeDir, busybox, kubectl }: ShareOptions & { busybox: string | undefined },
): Promise<void> {
  const native = path.join(folder, 'native');
  mkdirSync(native, { recursive: true, mode: 0o755 });
  for (const file of listFiles(nativeDir)) {
    const copy = path.join(native, path.basename(file));
    copyFileSync(file, copy);
    chmodSync(copy, 0o755);
  }
  for (const name of [BUSYBOX, WITH_BASH]) {
    const bin = path.join(folder, name);
    const standin = path.join(native, 'standin');
    if (busybox === undefined) mkdirSync(bin, { mode: 0o755 });
    else await makeBusyboxFolder(bin, { busybox, standin, bash: name === WITH_BASH });
  }
  const etc = path.join(folder, 'etc');
  mkdirSync(etc, { mode: 0o755 });
  for (const name of SHARED_ETC) {
    const source = path.join('/etc', name);
    // Keys and such are not readable for everybody, and nothing a sandbox needs.
    if (existsSync(source)) {
      cpSync(source, path.join(etc, name), {
        recursive: true,
        verbatimSymlinks: true,
        filter: (file) => !file.startsWith('/etc/ssl/private'),
      });
    }
  }
  if (kubectl !== undefined) {
    const completion = await runCommand(kubectl, ['completion', 'bash'], { timeoutMs: 10_000 });
    writeFileSync(path.join(etc, 'kubectl-completion.bash'), completion.stdout);
  }
  mkdirSync(path.join(folder, 'local'), { mode: 0o755 });
  for (const userland of USERLANDS) {
    writeEtcFolder({
      folder: path.join(folder, `etc-${userland}`),
      userland,
      hostname: '',
      hosts: '',
      resolvConf: '',
    });
  }
}

function shareIn(folder: string, kubectl: string | undefined): Share {
  const native = path.join(folder, 'native');
  const known = new Map<string, string>();
  return {
    bwrap: findProgram('bwrap') ?? 'bwrap',
    busybox: (programs) => path.join(folder, programs['bash'] === undefined ? BUSYBOX : WITH_BASH),
    settings: path.join(folder, 'etc'),
    etc: (userland) => path.join(folder, `etc-${userland}`),
    agentPath: path.join(native, 'agent'),
    joinPath: path.join(native, 'join'),
    workstationPrograms: kubectl === undefined || isVisible(kubectl) ? {} : { kubectl },
    local(programs): string {
      const key = JSON.stringify(programs);
      const made = known.get(key) ?? makeLocal(folder, programs);
      known.set(key, made);
      return made;
    },
  };
}

/** One file under many names is in memory once, however many run it. */
function linkOrCopy(file: string, target: string): void {
  try {
    linkSync(file, target);
  } catch {
    copyFileSync(file, target);
    chmodSync(target, 0o755);
  }
}

/** /usr/local of an image: its programs by name, and room for the machine's settings. */
function makeLocal(folder: string, programs: Readonly<Record<string, string>>): string {
  const hash = createHash('sha256').update(JSON.stringify(programs)).digest('hex').slice(0, 16);
  const local = path.join(folder, 'local', hash);
  if (existsSync(local)) return local;
  const draft = `${local}.draft`;
  rmSync(draft, { recursive: true, force: true });
  for (const name of ['bin', 'etc', 'sbin', 'lib', 'share']) {
    mkdirSync(path.join(draft, name), { recursive: true, mode: 0o755 });
  }
  for (const [name, file] of Object.entries(programs)) {
    const copy = path.join(draft, 'bin', name);
    linkOrCopy(path.resolve(folder, 'native', file), copy);
  }
  renameSync(draft, local);
  return local;
}
