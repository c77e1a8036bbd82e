import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from '../../system/run-command.js';
import { matches, type Section, type Step } from './transcript.js';

/** How long something may take that the cluster does in its own time. */
const EVENTUAL_MS = 60_000;

/** Where the commands of one transcript run. */
export interface Desk {
  /** A folder of its own: home, working directory and kubeconfig. */
  folder: string;
  kubeconfig: string;
  /** The program that the commands call `kubectl`. */
  kubectl: { file: string; minor: number };
  /** Commands that transcripts use beside kubectl. */
  programs: string;
}

/** Makes the folder, with the transcript's namespace as the current one. */
export async function prepareDesk(desk: Desk, namespace: string): Promise<void> {
  await mkdir(path.join(desk.folder, 'bin'), { recursive: true });
  await writeFile(path.join(desk.folder, 'kubeconfig'), desk.kubeconfig, { mode: 0o600 });
  const wrapper = `#!/bin/sh\nexec ${desk.kubectl.file} "$@"\n`;
  await writeFile(path.join(desk.folder, 'bin/kubectl'), wrapper, { mode: 0o755 });
  const made = await runBash(
    desk,
    `kubectl create namespace ${namespace} && kubectl config set-context --current --namespace=${namespace}`,
  );
  if (made.exitCode !== 0) throw new Error(made.stderr);
}

/** Runs a section's commands in order. Returns what was not as written, empty where all was. */
export async function runSection(desk: Desk, section: Section): Promise<string[]> {
  for (const step of section.steps) {
    if (!isFor(step, desk.kubectl.minor)) continue;
    const fault = await runStep(desk, step);
    // What follows builds on it.
    if (fault !== undefined) return [fault];
  }
  return [];
}

export function isFor({ since = 0, before = Infinity }: Step, minor: number): boolean {
  return minor >= since && minor < before;
}

async function runStep(desk: Desk, step: Step): Promise<string | undefined> {
  const until = Date.now() + (step.isEventual ? EVENTUAL_MS : 0);
  for (;;) {
    const result = await runBash(desk, step.command);
    const isAsWritten =
      result.exitCode === step.exitCode &&
      matches(result.stdout, step.stdout) &&
      matches(result.stderr, step.stderr);
    if (isAsWritten) return undefined;
    if (Date.now() >= until) return describe(step, result);
    await sleep(50);
  }
}

interface Shown {
  exitCode: number | undefined;
  stdout: string;
  stderr: string;
}

function runBash(desk: Desk, script: string): Promise<Shown> {
  return runCommand('bash', ['-c', script], {
    cwd: desk.folder,
    cleanEnvironment: true,
    env: {
      PATH: `${path.join(desk.folder, 'bin')}:${desk.programs}:/usr/local/bin:/usr/bin:/bin`,
      HOME: desk.folder,
      // kubectl edit leaves what was refused there.
      TMPDIR: desk.folder,
      KUBECONFIG: path.join(desk.folder, 'kubeconfig'),
      TERM: 'dumb',
      TZ: 'UTC',
    },
    timeoutMs: 90_000,
  });
}

function describe(step: Step, { exitCode, stdout, stderr }: Shown): string {
  return [
    `line ${step.line}: $ ${step.command}`,
    '--- expected',
    ...step.stdout,
    ...step.stderr.map((line) => `! ${line}`),
    `= ${step.exitCode}`,
    '--- was',
    stdout.trimEnd(),
    ...(stderr.trimEnd() === ''
      ? []
      : stderr
          .trimEnd()
          .split('\n')
          .map((line) => `! ${line}`)),
    `= ${exitCode ?? 'none'}`,
  ].join('\n');
}
