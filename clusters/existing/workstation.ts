import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { GatehouseError } from '../../common/errors.js';
import { pathOf } from '../client/kube-api.js';
import { applyAll } from '../client/objects.js';
import { tarOf } from '../client/tar.js';
import { PODS, waitReady } from '../client/wait-ready.js';
import type { ClusterSpec, RunResult, ShellCommand } from '../provider.js';
import type { ExistingContext } from './context.js';
import { HOME, workstationObjects } from './home-objects.js';
import { WORKSTATION, homeNamespace } from './names.js';

/** Makes the workstation anew, which ends every shell in it, and fills its home. */
export async function makeWorkstation(
  context: ExistingContext,
  { name, files = [] }: Pick<ClusterSpec, 'name' | 'files'>,
  signal?: AbortSignal,
): Promise<void> {
  const with_ = signal === undefined ? {} : { signal };
  const api = await context.api();
  const namespace = homeNamespace(name);
  const pod = pathOf(PODS, namespace, WORKSTATION);
  await api.send('DELETE', pod, { body: { gracePeriodSeconds: 0 }, ...with_ });
  const until = performance.now() + 30_000;
  while ((await api.send('GET', pod, with_)).status === 200) {
    if (performance.now() > until) {
      throw new GatehouseError('CLUSTER_FAILED', 'the old workstation does not end', {
        fix: `kubectl -n ${namespace} delete pod ${WORKSTATION} --force`,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { installation, settings } = context;
  await applyAll(api, workstationObjects({ name, installation }, settings), {
    patient: true,
    ...with_,
  });
  await waitReady(
    api,
    { nodes: { count: 0, ready: false }, workloads: { namespaces: [namespace] } },
    { timeoutMs: settings.readyTimeoutSeconds * 1000, ...with_ },
  );
  await fillHome(context, { name, files, ...with_ });
}

async function fillHome(
  context: ExistingContext,
  work: { name: string; files: NonNullable<ClusterSpec['files']>; signal?: AbortSignal },
): Promise<void> {
  const { name, files, signal } = work;
  if (files.length === 0) return;
  const archive = tarOf(
    files.map(({ path: at, text }) => ({ path: safePath(at), text, mode: 0o644, uid: 1000 })),
  );
  const args = inside(name, ['tar', '-x', '-f', '-', '-C', HOME]);
  const result = await context.kubectl(args, {
    input: archive,
    ...(signal === undefined ? {} : { signal }),
  });
  if (result.exitCode !== 0) throw failure(name, result.stderr);
}

/** A lab's file stays in the home. */
function safePath(at: string): string {
  const normal = path.posix.normalize(at);
  if (path.posix.isAbsolute(normal) || normal.split('/').includes('..')) {
    throw new GatehouseError('BAD_REQUEST', `"${at}" is not a path inside the home`);
  }
  return normal;
}

function inside(name: string, command: readonly string[]): string[] {
  return [
    'exec',
    '-i',
    '-n',
    homeNamespace(name),
    WORKSTATION,
    '-c',
    WORKSTATION,
    '--',
    ...command,
  ];
}

const DEFAULT_TIMEOUT_MS = 120_000;

/** Runs a bash script as the learner. A timeout is exit code 124, and ends all that the script began. */
export async function runInWorkstation(
  context: ExistingContext,
  name: string,
  work: { script: string; timeoutMs?: number; signal?: AbortSignal },
): Promise<RunResult> {
  const { script, timeoutMs = DEFAULT_TIMEOUT_MS, signal } = work;
  const note = `/tmp/.gatehouse-run-${randomBytes(4).toString('hex')}`;
  // Job control gives the script a process group of its own, to be ended as a whole.
  const outer = `set -m; bash -c 'script=$(cat); exec </dev/null; eval "$script"' <&0 & p=$!; set +m; echo $p >${note}; wait $p; code=$?; rm -f ${note}; exit $code`;
  const result = await context.kubectl(inside(name, ['bash', '-c', outer]), {
    input: script,
    timeoutMs,
    ...(signal === undefined ? {} : { signal }),
  });
  const isCancelled = signal?.aborted === true;
  if (result.timedOut || isCancelled) {
    await context.kubectl(inside(name, ['bash', '-c', `kill -KILL -- -"$(cat ${note})"`]));
  }
  if (isCancelled) throw new GatehouseError('CANCELLED', 'the work was cancelled');
  const { exitCode, stdout, stderr, timedOut } = result;
  if (timedOut) return { exitCode: 124, stdout, stderr };
  if (exitCode === 0) return { exitCode, stdout, stderr };
  // kubectl tells the script's exit code in a line of its own; without it the failure is kubectl's.
  if (!REMOTE_EXIT.test(stderr)) throw failure(name, stderr);
  return { exitCode, stdout, stderr: stderr.replace(REMOTE_EXIT, '') };
}

const REMOTE_EXIT = /command terminated with exit code \d+\n?$/;

function failure(name: string, stderr: string): GatehouseError {
  return new GatehouseError(
    'CLUSTER_UNREACHABLE',
    `the workstation of "${name}" cannot be entered: ${stderr.trim()}`,
    { fix: `kubectl -n ${homeNamespace(name)} describe pod ${WORKSTATION}` },
  );
}

/** kubectl as the operator, into the learner's own pod: a terminal is asked for only where there is one. */
export function execShell(
  context: ExistingContext,
  target: { namespace: string; pod: string; container?: string; command: readonly string[] },
): ShellCommand {
  const { namespace, pod, container, command } = target;
  const args = [
    ...['--kubeconfig', context.file, '-n', namespace, pod],
    ...(container === undefined ? [] : ['-c', container]),
    ...['--', ...command],
  ];
  return {
    file: '/bin/sh',
    args: ['-c', 'if [ -t 0 ]; then t=-t; fi; exec kubectl exec -i $t "$@"', 'kubectl', ...args],
    env: { HOME: '/', ...context.environment, TERM: 'xterm-256color' },
  };
}

export function workstationShell(context: ExistingContext, name: string): ShellCommand {
  return execShell(context, {
    namespace: homeNamespace(name),
    pod: WORKSTATION,
    container: WORKSTATION,
    command: ['bash'],
  });
}
