import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createTempFolder } from '../../system/temp-folder.js';
import { Probers } from './probers.js';
import { Programs } from './programs.js';

/** A `docker exec -i CONTAINER …` that runs here what it should run there, in a container that may be away. */
async function startProbers(): Promise<
  AsyncDisposable & { probers: Probers; commands: string[]; setAway(isAway: boolean): void }
> {
  const folder = await createTempFolder('probers');
  const bin = path.join(folder.path, 'bin');
  mkdirSync(bin);
  const away = path.join(folder.path, 'away');
  writeFileSync(
    path.join(bin, 'docker'),
    `#!/bin/bash
if [ -s ${away} ]; then echo "Error response from daemon: Container $3 is not running" >&2; exit 1; fi
shift 3
exec "$@"
`,
    { mode: 0o755 },
  );
  const commands: string[] = [];
  const onCommand = (line: string): void => void commands.push(line);
  const probers = new Probers(new Programs({ path: `${bin}:/usr/bin:/bin`, onCommand }));
  return {
    probers,
    commands,
    setAway: (isAway) => {
      writeFileSync(away, isAway ? 'yes' : '');
    },
    async [Symbol.asyncDispose]() {
      await probers[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const work = (script: string, more: { timeoutMs?: number; signal?: AbortSignal } = {}) => ({
  container: 'node',
  script,
  timeoutMs: 20_000,
  ...more,
});

test('one shell runs script after script, and none knows of those before', async () => {
  await using started = await startProbers();
  const { probers, commands } = started;
  expect(await probers.run(work("a=1; cd /; cat <<'END'\nhällo \\x00 $a\nEND\n"))).toBe(
    'hällo \\x00 $a\n',
  );
  expect(await probers.run(work('echo "[$a]"; exit 3'))).toBe('[]\n');
  expect(await probers.run(work('cat'))).toBe('');
  expect(commands).toHaveLength(1);
  // Who comes while it works gets another one.
  const both = ['first', 'second'].map((word) => probers.run(work(`sleep 0.2; echo ${word}`)));
  expect(await Promise.all(both)).toEqual(['first\n', 'second\n']);
  expect(commands).toHaveLength(2);
});

test('a shell that ended while it rested is replaced, and a container that is away is an error', async () => {
  await using started = await startProbers();
  const { probers, commands } = started;
  const pid = Number(await probers.run(work('echo $$')));
  process.kill(pid, 'SIGKILL');
  expect(await probers.run(work('echo again'))).toBe('again\n');
  expect(commands).toHaveLength(2);
  started.setAway(true);
  process.kill(Number(await probers.run(work('echo $$'))), 'SIGKILL');
  await expect(probers.run(work('echo lost'))).rejects.toMatchObject({
    message: 'the container node does not run',
  });
  started.setAway(false);
  expect(await probers.run(work('echo back'))).toBe('back\n');
});

test('what takes too long or is given up ends its shell', async () => {
  await using started = await startProbers();
  const { probers } = started;
  await expect(probers.run(work('sleep 60', { timeoutMs: 200 }))).rejects.toMatchObject({
    code: 'MACHINE_NOT_READY',
    message: expect.stringContaining('did not end within'),
  });
  const abort = new AbortController();
  const running = probers.run(work('sleep 60', { signal: abort.signal }));
  abort.abort();
  await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(await probers.run(work('echo next'))).toBe('next\n');
});
