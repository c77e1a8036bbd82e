import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isProcessAlive, startDetached } from './start-process.js';

test('a detached program runs in its own session and writes to its file', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-start-'));
  const outputFile = path.join(folder, 'out');
  const pid = await startDetached('/bin/sh', ['-c', 'echo hello; exec sleep 30'], {
    env: { PATH: '/usr/bin:/bin' },
    outputFile,
  });
  try {
    expect(isProcessAlive(pid)).toBe(true);
    for (let i = 0; i < 100 && readFileSync(outputFile, 'utf8') === ''; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(readFileSync(outputFile, 'utf8')).toBe('hello\n');
  } finally {
    process.kill(-pid, 'SIGKILL');
    rmSync(folder, { recursive: true });
  }
});

test('a program that does not exist is refused', async () => {
  await expect(
    startDetached('/no/such/program', [], { env: {}, outputFile: '/dev/null' }),
  ).rejects.toThrow('could not start /no/such/program');
});
