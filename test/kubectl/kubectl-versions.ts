import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { runCommand } from '../../system/run-command.js';

export interface Kubectl {
  file: string;
  /** The 32 of 1.32. */
  minor: number;
}

/** The machine's own kubectl; undefined where it has none. */
export async function machineKubectl(): Promise<Kubectl | undefined> {
  return versionOf('/usr/bin/kubectl');
}

/**
 * The kubectl of Debian 12 (1.20), as `apt-get download` brings it, unpacked once into a cache beside no checkout;
 * where it cannot be had, the reason.
 */
export async function debianKubectl(): Promise<Kubectl | { reason: string }> {
  const machine = await machineKubectl();
  if (machine?.minor === OLD_MINOR) return { reason: "it is the machine's own, tried already" };
  const folder = path.join(cacheFolder(), 'kubernetes-client-1.20');
  const file = path.join(folder, 'usr/bin/kubectl');
  if (!existsSync(file)) {
    const reason = await fetchInto(folder);
    if (reason !== undefined) return { reason };
  }
  return (await versionOf(file)) ?? { reason: `${file} does not run` };
}

const OLD_MINOR = 20;

function cacheFolder(): string {
  return path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'gatehouse');
}

/** Returns why not, where it could not. */
async function fetchInto(folder: string): Promise<string | undefined> {
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    const apt = await runCommand('apt-get', ['download', '-q', 'kubernetes-client'], {
      cwd: unfinished,
      timeoutMs: 60_000,
    });
    const found = readdirSync(unfinished).find((name) => name.endsWith('.deb'));
    if (apt.exitCode !== 0 || found === undefined) {
      return `apt-get download kubernetes-client failed: ${apt.stderr.trim().split('\n').at(-1) ?? ''}`;
    }
    if (!found.includes('_1.20.')) return `apt has ${found}, not 1.20`;
    const unpacked = await runCommand('dpkg', ['-x', found, '.'], { cwd: unfinished });
    if (unpacked.exitCode !== 0) return `dpkg -x failed: ${unpacked.stderr.trim()}`;
    rmSync(path.join(unfinished, found));
    renameSync(unfinished, folder);
    return undefined;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

async function versionOf(file: string): Promise<Kubectl | undefined> {
  const { stdout } = await runCommand(file, ['version', '--client', '-o', 'json'], {
    timeoutMs: 20_000,
  });
  const minor = /"minor": "(\d+)/.exec(stdout)?.[1];
  return minor === undefined ? undefined : { file, minor: Number(minor) };
}
