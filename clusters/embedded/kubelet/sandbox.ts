import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** A folder or file of the machine that the container sees at another place. */
export interface Mount {
  source: string;
  target: string;
  readOnly: boolean;
}

export interface SandboxPlan {
  bwrap: string;
  /** `busybox`: its applets alone. `debian`: the machine's /usr, read-only. `minimal`: nothing of the machine. */
  userland: 'busybox' | 'debian' | 'minimal';
  /** Folder that becomes /usr/local: `bin` with programs of ours, `etc` with shared settings. */
  local: string;
  /** Folder that becomes /bin for the busybox userland. */
  busybox: string;
  /** Folder that becomes /usr/local/etc of the debian userland. */
  settings: string;
  /** Folder that becomes /etc. */
  etc: string;
  mounts: readonly Mount[];
  /** Where the image has its programs beside /usr/local/bin: absolute path -> what the link points to. */
  links: Readonly<Record<string, string>>;
  /** Folders that the image wants writable, beside /tmp, /run, /var and the homes. */
  writable: readonly string[];
  /** Size of each writable folder. */
  scratchBytes: number;
  hostname: string;
  uid: number;
  gid: number;
  /** Nothing writable but volumes. */
  readOnlyRoot: boolean;
  cwd: string;
  argv: readonly string[];
  /** Keeps the powers over the cluster's own namespaces: for root shells on nodes. */
  powers?: boolean;
}

/** Where the agent puts the system call filter that bubblewrap installs. */
export const FILTER_FD = 9;

const ALWAYS_WRITABLE = ['/tmp', '/run', '/var', '/root', '/home', '/srv', '/opt', '/mnt'];
/** Of the machine's /usr: what learners have no use for. */
const HIDDEN = ['/usr/src', '/usr/games'];

/** The bubblewrap command of one container: a new system around it, no capabilities, nothing to gain. */
export function sandboxArgv(plan: SandboxPlan): string[] {
  const args = [
    plan.bwrap,
    ...userArgs(plan),
    ...(plan.powers === true
      ? ['--cap-add', 'ALL']
      : ['--cap-drop', 'ALL', '--seccomp', String(FILTER_FD)]),
    '--unshare-pid',
    // bubblewrap itself stays outside: its command line names places of the host.
    '--as-pid-1',
    '--unshare-ipc',
    '--unshare-uts',
    '--hostname',
    plan.hostname.slice(0, 63),
    '--die-with-parent',
    ...systemMounts(plan),
    '--ro-bind',
    plan.etc,
    '/etc',
    '--proc',
    '/proc',
    '--dev',
    '/dev',
  ];
  const targets = new Set(plan.mounts.map((mount) => mount.target));
  const writable = plan.readOnlyRoot
    ? ['/dev/shm']
    : ['/dev/shm', ...ALWAYS_WRITABLE, ...plan.writable];
  for (const folder of new Set(writable)) {
    if (targets.has(folder)) continue;
    args.push('--perms', folder === '/tmp' ? '1777' : '0755');
    args.push('--size', String(plan.scratchBytes), '--tmpfs', folder);
  }
  if (!plan.readOnlyRoot) args.push('--symlink', '../run', '/var/run', '--dir', '/var/log');
  const ordered = [...plan.mounts].sort((a, b) => a.target.length - b.target.length);
  for (const mount of ordered) {
    args.push(mount.readOnly ? '--ro-bind' : '--bind', mount.source, mount.target);
  }
  for (const [link, target] of Object.entries(plan.links)) {
    args.push('--symlink', target, link);
  }
  // What bubblewrap made itself has no size limit: nobody may write there.
  args.push('--remount-ro', '/dev', '--remount-ro', '/', '--chdir', plan.cwd, '--', ...plan.argv);
  return args;
}

/** Root of the cluster is root inside, without its powers; anybody else needs a mapping of its own. */
function userArgs({ uid, gid }: SandboxPlan): string[] {
  if (uid === 0 && gid === 0) return [];
  return ['--unshare-user', '--uid', String(uid), '--gid', String(gid)];
}

function systemMounts(plan: SandboxPlan): string[] {
  switch (plan.userland) {
    case 'debian':
      return debianMounts(plan);
    case 'busybox':
      return [
        ...['--ro-bind', plan.busybox, '/bin'],
        ...['--symlink', '/bin', '/sbin', '--dir', '/usr'],
        ...['/usr/bin', '/usr/sbin'].flatMap((folder) =>
          // A folder with links of the image's own cannot be a link itself.
          hasLinksIn(plan, folder) ? ['--dir', folder] : ['--symlink', '/bin', folder],
        ),
        ...['--ro-bind', plan.local, '/usr/local'],
      ];
    case 'minimal':
      return ['--ro-bind', plan.local, '/usr/local'];
  }
}

function hasLinksIn({ links }: SandboxPlan, folder: string): boolean {
  return Object.keys(links).some((link) => path.dirname(link) === folder);
}

/**
 * The machine's /usr as one mount; where a volume wants a place that is not there (mount points cannot be made
 * in a read-only folder), the folders on the way are built anew from their children.
 */
function debianMounts(plan: SandboxPlan): string[] {
  const opened = new Set<string>();
  for (const { target } of plan.mounts) {
    if (!target.startsWith('/usr/') || target.startsWith('/usr/local/') || existsSync(target))
      continue;
    for (let folder = path.dirname(target); folder !== '/'; folder = path.dirname(folder)) {
      if (existsSync(folder)) opened.add(folder);
    }
  }
  const args: string[] = [];
  if (opened.size === 0) {
    args.push('--ro-bind', '/usr', '/usr');
    for (const folder of HIDDEN)
      if (existsSync(folder)) args.push('--tmpfs', folder, '--remount-ro', folder);
  } else {
    for (const folder of [...opened].sort((a, b) => a.length - b.length)) {
      for (const child of readdirSync(folder)) {
        const full = path.join(folder, child);
        if (opened.has(full) || full === '/usr/local' || HIDDEN.includes(full)) continue;
        args.push('--ro-bind-try', full, full);
      }
    }
  }
  args.push('--ro-bind', plan.local, '/usr/local', '--ro-bind', plan.settings, '/usr/local/etc');
  for (const folder of ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32']) {
    if (existsSync(`/usr/${folder}`)) args.push('--symlink', `usr/${folder}`, `/${folder}`);
  }
  return args;
}

/**
 * Whether the container will find its program, as far as can be told from outside: undefined = it will, or it
 * cannot be told. Otherwise the runtime's own words.
 */
export function missingProgram(plan: SandboxPlan, searchPath: string): string | undefined {
  const [program = ''] = plan.argv;
  if (program.includes('/')) {
    const absolute = path.posix.resolve(plan.cwd, program);
    if (existsInside(plan, absolute)) return undefined;
    return `exec: "${program}": stat ${program}: no such file or directory: unknown`;
  }
  const folders = searchPath.split(':').filter((folder) => folder !== '');
  if (folders.some((folder) => existsInside(plan, path.posix.join(folder, program))))
    return undefined;
  return `exec: "${program}": executable file not found in $PATH: unknown`;
}

function existsInside(plan: SandboxPlan, file: string): boolean {
  const link = plan.links[file];
  if (link !== undefined) return existsInside(plan, path.posix.resolve(path.dirname(file), link));
  const usrMerged = file.replace(/^\/(bin|sbin|lib|lib64)\//, '/usr/$1/');
  const seen: readonly Mount[] = [
    ...plan.mounts,
    { source: plan.local, target: '/usr/local', readOnly: true },
    { source: plan.etc, target: '/etc', readOnly: true },
    ...userlandMounts(plan),
  ];
  return seen.some(
    ({ source, target }) =>
      (usrMerged === target || usrMerged.startsWith(`${target}/`)) &&
      existsSync(source + usrMerged.slice(target.length)),
  );
}

function userlandMounts({ userland, busybox }: SandboxPlan): Mount[] {
  if (userland === 'debian') return [{ source: '/usr', target: '/usr', readOnly: true }];
  if (userland === 'minimal') return [];
  return ['/usr/bin', '/usr/sbin'].map((target) => ({ source: busybox, target, readOnly: true }));
}
