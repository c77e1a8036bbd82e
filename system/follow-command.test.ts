import { expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { followCommand } from './follow-command.js';

const env = { PATH: '/usr/bin:/bin' };

async function follow(
  file: string,
  script: string,
): Promise<{ lines: string[]; ended: Promise<void>; process: AsyncDisposable }> {
  const lines: string[] = [];
  let process: AsyncDisposable | undefined;
  const ended = new Promise<void>((resolve) => {
    process = followCommand(file, ['-c', script], {
      env,
      onLine: (line) => lines.push(line),
      onEnd: resolve,
    });
  });
  await sleep(0);
  return { lines, ended, process: process! };
}

test('each line of a program is told, and its end', async () => {
  const { lines, ended } = await follow('sh', 'echo one; echo two; exit 3');
  await ended;
  expect(lines).toEqual(['one', 'two']);
});

test('a program that cannot be started has ended', async () => {
  const { lines, ended } = await follow('no-such-program', '');
  await ended;
  expect(lines).toEqual([]);
});

test('a program that is disposed of is gone and tells no end', async () => {
  let ends = 0;
  const following = await follow('sh', 'echo $$; exec sleep 600');
  void following.ended.then(() => (ends += 1));
  while (following.lines.length === 0) await sleep(5);
  const pid = Number(following.lines[0]);
  await following.process[Symbol.asyncDispose]();
  expect(() => process.kill(pid, 0)).toThrow();
  expect(ends).toBe(0);
});
