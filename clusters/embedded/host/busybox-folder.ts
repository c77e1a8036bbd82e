import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { runCommand } from '../../../system/run-command.js';

/** Programs of ours in place of applets that Debian's busybox has without what people type (`wget -T`, `nc -z`). */
const OURS = ['nc', 'ping', 'printenv', 'traceroute', 'wget'];

/**
 * The folder that becomes /bin of images with busybox: the machine's own, with its names, and what is ours. `bash`
 * is there for images that have it elsewhere: busybox's shell once more.
 */
export async function makeBusyboxFolder(
  folder: string,
  { busybox, standin, bash = false }: { busybox: string; standin: string; bash?: boolean },
): Promise<void> {
  mkdirSync(folder, { mode: 0o755 });
  const { stdout } = await runCommand(busybox, ['--list']);
  const names = stdout.split('\n').filter((name) => name !== '');
  const program = path.join(folder, 'busybox');
  writeFileSync(program, hideApplets(readFileSync(busybox), names), { mode: 0o755 });
  chmodSync(program, 0o755);
  for (const name of names) {
    if (name !== 'busybox' && !OURS.includes(name)) symlinkSync('busybox', path.join(folder, name));
  }
  for (const name of bash ? [...OURS, 'bash'] : OURS) {
    copyFileSync(standin, path.join(folder, name));
    chmodSync(path.join(folder, name), 0o755);
  }
}

/**
 * busybox's shell runs its own applets before it looks for programs. In this copy the names of those that ours replace
 * are one letter earlier in the alphabet (`wges`), where the sorted table of names allows it: then it looks on.
 */
export function hideApplets(program: Buffer, names: readonly string[]): Buffer {
  const changed = Buffer.from(program);
  const sorted = [...names].sort();
  for (const name of OURS) {
    const at = sorted.indexOf(name);
    const [before = '', after = ''] = [sorted[at - 1], sorted[at + 1]];
    const hidden = name.slice(0, -1) + String.fromCharCode(name.charCodeAt(name.length - 1) - 1);
    const found = changed.indexOf(`\0${before}\0${name}\0${after}\0`);
    if (at < 0 || found < 0 || hidden <= before) continue;
    changed.write(hidden, found + before.length + 2, 'latin1');
  }
  return changed;
}
