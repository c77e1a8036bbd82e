import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { GatehouseError } from '../../common/errors.js';
import type { ClusterSpec, RunResult, ShellCommand } from '../provider.js';
import { filesOf, type KindContext } from './context.js';
import { LABEL, networkName, workstationName } from './names.js';
import { nodeImage } from './node-image.js';
import { pluginManifest } from './plugins.js';
import { throwIfAborted } from './programs.js';
import { tarOf, type TarEntry } from '../client/tar.js';

export const HOME = '/home/learner';
const UID = 1000;
const PATH = '/usr/local/bin:/usr/bin:/bin';
const MEMORY_OF_ITS_OWN = '/tmp/.gatehouse';
/** Process 1 collects orphans and ends at once when told to. */
const KEEP_ALIVE = 'trap "exit 0" TERM; while :; do sleep 3600 & wait $!; done';

/**
 * The arguments of `docker create` for a container of ours beside a cluster: no capabilities, no new ones, nothing of this
 * machine mounted, a bound on memory and processes.
 */
export function containerArgs(
  context: KindContext,
  options: {
    name: string;
    network: string;
    image: string;
    labels: Readonly<Record<string, string>>;
  },
): string[] {
  const { workstation } = context.settings;
  return [
    ...['create', '--name', options.name, '--hostname', 'workstation'],
    ...['--network', options.network, '--pull', 'never'],
    ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
    ...['--memory', workstation.memory, '--memory-swap', workstation.memory],
    ...['--pids-limit', String(workstation.processes), '--restart', 'unless-stopped'],
    ...['--user', `${UID}:${UID}`, '--workdir', '/', '--stop-timeout', '1'],
    // The node image asks for systemd's signal.
    ...['--stop-signal', 'SIGTERM'],
    ...Object.entries(options.labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    ...['--entrypoint', '/bin/bash', options.image, '-c', KEEP_ALIVE],
  ];
}

/** Creates the record of a cluster: its workstation, not yet started. Rejects with CLUSTER_EXISTS where the name is taken. */
export async function createRecord(
  context: KindContext,
  spec: ClusterSpec,
  options: { kindName: string; maker: string; createdAt: string; pool?: string },
): Promise<void> {
  const labels = {
    [LABEL.role]: 'record',
    [LABEL.cluster]: spec.name,
    [LABEL.installation]: context.installation,
    [LABEL.kindName]: options.kindName,
    [LABEL.nodes]: String(spec.nodes),
    [LABEL.cni]: spec.cni,
    [LABEL.nodeShell]: String(spec.nodeShell),
    [LABEL.createdAt]: options.createdAt,
    [LABEL.maker]: options.maker,
    [LABEL.labels]: JSON.stringify(spec.labels),
    ...(options.pool === undefined ? {} : { [LABEL.pool]: options.pool }),
  };
  const network =
    context.settings.network === 'own' ? networkName(options.kindName) : SHARED_NETWORK;
  const image = await nodeImage(context);
  await context.programs.docker(
    containerArgs(context, { name: workstationName(spec.name), network, image, labels }),
  );
}

export const SHARED_NETWORK = 'kind';

/** Puts user, kubeconfig and the lab's files into the workstation; it need not run for that. */
export async function fillWorkstation(
  context: KindContext,
  spec: Pick<ClusterSpec, 'name' | 'files'>,
  signal?: AbortSignal,
): Promise<void> {
  await context.programs.docker(['cp', '-', `${workstationName(spec.name)}:/`], {
    input: await archiveOf(context, spec, signal),
    ...(signal === undefined ? {} : { signal }),
  });
}

async function archiveOf(
  context: KindContext,
  spec: Pick<ClusterSpec, 'name' | 'files'>,
  signal?: AbortSignal,
): Promise<Buffer> {
  const kubeconfig = await readFile(filesOf(context, spec.name).internal, 'utf8');
  const official = new Map(
    (await pluginFiles(context, spec, signal)).map(({ path: at, text }) => [at, text]),
  );
  const files = (spec.files ?? []).map(({ path: at, text }) => ({
    path: at,
    text: official.get(at) ?? text,
  }));
  return tarOf(homeEntries({ kubeconfig, files }));
}

/** Files of the home that are a plugin's manifest: a real node needs the official one. */
export async function pluginFiles(
  context: KindContext,
  { files = [] }: Pick<ClusterSpec, 'files'>,
  signal?: AbortSignal,
): Promise<{ path: string; text: string; images: readonly string[] }[]> {
  const found = files.flatMap(({ path: at, plugin }) =>
    plugin === undefined ? [] : [{ at, plugin }],
  );
  return Promise.all(
    found.map(async ({ at, plugin }) => {
      const { file, images } = await pluginManifest(context, plugin, signal);
      return { path: at, text: await readFile(file, 'utf8'), images };
    }),
  );
}

export function homeEntries(home: {
  kubeconfig: string;
  files: readonly { path: string; text: string }[];
}): TarEntry[] {
  const own = (at: string, text?: string, mode = 0o644): TarEntry => ({
    path: `home/learner/${at}`,
    mode: text === undefined ? 0o755 : mode,
    uid: UID,
    ...(text === undefined ? {} : { text }),
  });
  const system = (at: string, text: string): TarEntry => ({ path: at, text, mode: 0o644, uid: 0 });
  const files = home.files.map(({ path: at, text }) => ({ at: safePath(at), text }));
  const folders = new Set(files.flatMap(({ at }) => foldersOf(at)));
  return [
    system('etc/passwd', PASSWD),
    system('etc/group', GROUP),
    { path: 'home/', mode: 0o755, uid: 0 },
    own(''),
    own('.kube/'),
    own('.kube/config', home.kubeconfig, 0o600),
    own('.bashrc', BASHRC),
    ...[...folders].toSorted().map((folder) => own(`${folder}/`)),
    ...files.map(({ at, text }) => own(at, text, text.startsWith('#!') ? 0o755 : 0o644)),
  ];
}

/** A lab's file stays in the home. */
function safePath(at: string): string {
  const normal = path.posix.normalize(at);
  if (path.posix.isAbsolute(normal) || normal.split('/').includes('..') || normal === '.') {
    throw new GatehouseError('BAD_REQUEST', `"${at}" is not a path inside the home`);
  }
  return normal;
}

function foldersOf(at: string): string[] {
  const parts = at.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

const PASSWD = `root:x:0:0:root:/root:/bin/bash
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
learner:x:${UID}:${UID}:learner:${HOME}:/bin/bash
`;
const GROUP = `root:x:0:
tty:x:5:
nogroup:x:65534:
learner:x:${UID}:
`;
const BASHRC = `PS1='\\[\\e[32m\\]learner\\[\\e[0m\\]:\\[\\e[34m\\]\\w\\[\\e[0m\\]$ '
alias k=kubectl
alias ls='ls --color=auto'
HISTCONTROL=ignoreboth
if [ -r /usr/share/bash-completion/bash_completion ]; then
  . /usr/share/bash-completion/bash_completion
  . <(kubectl completion bash 2>/dev/null)
  complete -o default -F __start_kubectl k
fi
`;

/** Starts the workstation. Its kubectl is the node image's: kind itself needs one there. */
export async function startWorkstation(
  { programs }: KindContext,
  name: string,
  signal?: AbortSignal,
): Promise<void> {
  await programs.docker(['start', workstationName(name)], signal === undefined ? {} : { signal });
}

/** Ends every shell of the learner's, and makes the home what it was. */
export async function restoreWorkstation(
  context: KindContext,
  spec: Pick<ClusterSpec, 'name' | 'files'>,
): Promise<void> {
  const container = workstationName(spec.name);
  // A restart ends everything even where the learner has used up all processes.
  await context.programs.docker(['restart', '-t', '0', container]);
  const mine = `find ${HOME} /tmp /var/tmp /dev/shm -mindepth 1 -user learner`;
  // Folders that the learner has closed to everybody are opened first.
  const open = `chmod 755 ${HOME}; ${mine} -type d ! -perm -700 -exec chmod u+rwx {} ';'`;
  const fill = `exec tar --extract --directory / ${HOME.slice(1)}`;
  const script = `{ ${open}; ${mine} -delete; } 2>/dev/null; ${fill}`;
  const args = ['exec', '-i', '--user', `${UID}:${UID}`, container, 'sh', '-c', script];
  await context.programs.docker(args, { input: await archiveOf(context, spec) });
}

const ENVIRONMENT = {
  HOME,
  USER: 'learner',
  PATH,
  KUBECONFIG: `${HOME}/.kube/config`,
  LANG: 'C.UTF-8',
};

function execArgs(name: string, more: readonly string[] = []): string[] {
  return [
    ...['exec', '-i', ...more, '--user', `${UID}:${UID}`, '--workdir', HOME],
    ...Object.entries(ENVIRONMENT).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    workstationName(name),
  ];
}

const DEFAULT_TIMEOUT_MS = 120_000;

/** Runs a bash script as the learner. A timeout is exit code 124, and ends all that the script began. */
export async function runInWorkstation(
  context: KindContext,
  name: string,
  work: { script: string; timeoutMs?: number; signal?: AbortSignal },
): Promise<RunResult> {
  const { script, timeoutMs = DEFAULT_TIMEOUT_MS, signal } = work;
  const note = `${MEMORY_OF_ITS_OWN}-run-${randomBytes(4).toString('hex')}`;
  // The script comes by standard input, so that its length has no bound, and gets none itself.
  const inner = 'script=$(cat); exec </dev/null; eval "$script"';
  const outer = `echo $$ >${note}; exec timeout --kill-after=1 "$0" bash -c "$1"`;
  const args = [...execArgs(name), 'bash', '-c', outer, String(timeoutMs / 1000), inner];
  try {
    const result = await context.programs.account.track('commands', () =>
      context.programs.try('docker', args, {
        input: script,
        timeoutMs: timeoutMs + 30_000,
        ...(signal === undefined ? {} : { signal }),
      }),
    );
    if (result.exitCode === 125 || result.exitCode === 1)
      await throwIfGone(context, name, result.stderr);
    const { exitCode, stdout, stderr, timedOut } = result;
    return { exitCode: timedOut ? 124 : exitCode, stdout, stderr };
  } catch (error) {
    // Killing the client leaves the script running in the container.
    const kill = `kill -KILL -- -"$(cat ${note})"`;
    await context.programs.try('docker', [...execArgs(name), 'bash', '-c', kill]);
    throwIfAborted(signal);
    throw error;
  }
}

async function throwIfGone(context: KindContext, name: string, stderr: string): Promise<void> {
  if (!/Error.*(?:No such container|is not running|is paused|docker daemon)/is.test(stderr)) return;
  // Whatever Docker says of the container, in our words.
  await context.programs.docker(['exec', workstationName(name), 'true']);
}

/**
 * A shell as the learner, for a terminal or for pipes: a terminal is asked for only where there is one, and what runs inside
 * ends with the client, which `docker exec` alone would not see to.
 */
export function shellCommand(
  context: KindContext,
  inside: {
    container: string;
    user: string;
    home: string;
    env?: Record<string, string>;
    argv: string[];
  },
): ShellCommand {
  const note = `${MEMORY_OF_ITS_OWN}-shell-${randomBytes(4).toString('hex')}`;
  const { container, user, home, env = {}, argv } = inside;
  const old = `${MEMORY_OF_ITS_OWN}-shell-*`;
  const forget = `for f in ${old}; do kill -0 "$(cat "$f" 2>/dev/null)" 2>/dev/null || rm -f "$f"; done`;
  const begin = `${forget}; echo $$ >${note}; exec "$@"`;
  const end = `p=$(cat ${note} 2>/dev/null) && { kill -HUP "$p" || true; sleep 0.3; kill -KILL "$p"; }; rm -f ${note}`;
  const args = [
    ...['--user', user, '--workdir', home],
    ...Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    ...[container, 'bash', '-c', begin, 'bash', ...argv],
  ];
  return {
    file: '/bin/sh',
    args: ['-c', WRAPPER, 'shell', user, container, end, ...args],
    env: { HOME: '/', ...context.programs.environment, TERM: 'xterm-256color' },
  };
}

/** `docker exec` in the background of a small shell that outlives it just long enough to tidy up behind it. */
const WRAPPER = `user=$1 container=$2 end=$3; shift 3
exec 3<&0
if [ -t 0 ]; then set -- -t --env "TERM=\${TERM:-xterm}" "$@"; fi
docker exec -i --detach-keys 'ctrl-@,ctrl-^,ctrl-@,ctrl-^' "$@" <&3 &
child=$!
tidy() { docker exec --user "$user" "$container" sh -c "$end" >/dev/null 2>&1 </dev/null; }
trap 'kill $child 2>/dev/null; tidy; exit 129' HUP TERM
wait $child`;

export function workstationShell(context: KindContext, name: string): ShellCommand {
  return shellCommand(context, {
    container: workstationName(name),
    user: `${UID}:${UID}`,
    home: HOME,
    env: ENVIRONMENT,
    argv: ['bash'],
  });
}

export function podShell(
  context: KindContext,
  name: string,
  target: { namespace: string; name: string; container?: string },
): ShellCommand {
  const inside = 'command -v bash >/dev/null 2>&1 && exec bash; exec sh';
  const container = target.container === undefined ? [] : ['--container', target.container];
  // kubectl asks for a terminal only where it has one itself.
  const command = `if [ -t 0 ]; then t=-t; fi; exec kubectl exec -i $t "$@"`;
  const args = [
    '--namespace',
    target.namespace,
    target.name,
    ...container,
    '--',
    'sh',
    '-c',
    inside,
  ];
  return shellCommand(context, {
    container: workstationName(name),
    user: `${UID}:${UID}`,
    home: HOME,
    env: ENVIRONMENT,
    argv: ['bash', '-c', command, 'kubectl', ...args],
  });
}
