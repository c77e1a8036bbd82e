import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTestAgent, sandboxed, type TestAgent } from './agent-fixture.js';
import type { ProcessExit, ProcessSpec } from './agent.js';

async function createPod(): Promise<TestAgent> {
  const test = await createTestAgent();
  await test.agent.network([{ op: 'netns-add', name: 'pod' }]);
  return test;
}

function exitOf({ agent }: TestAgent, id: string): Promise<ProcessExit> {
  return new Promise((resolve) => {
    agent.on('exit', (exit) => {
      if (exit.id === id) resolve(exit);
    });
  });
}

async function run(test: TestAgent, spec: ProcessSpec): Promise<ProcessExit> {
  const exit = exitOf(test, spec.id);
  await test.agent.start(spec);
  return exit;
}

const inShell = (test: TestAgent, id: string, script: string): ProcessSpec =>
  sandboxed(test, { id, netns: 'pod' }, ['sh', '-c', script]);

/** Waits for a line in a process's log: what it says when it is where the test wants it. */
async function logged(test: TestAgent, id: string, line: string): Promise<void> {
  for (let i = 0; i < 200; i += 1) {
    const log = await readFile(path.join(test.folder, `${id}.log`), 'utf8').catch(() => '');
    if (log.includes(line)) return;
    await sleep(10);
  }
  throw new Error(`${id} never said ${line}`);
}

test('output is logged in CRI format, long and unfinished lines included', async () => {
  await using test = await createPod();
  const script = `echo one; echo two >&2; head -c 20000 /dev/zero | tr '\\0' x; echo; printf end`;
  expect(await run(test, inShell(test, 'log', script))).toMatchObject({ exitCode: 0, signal: 0 });
  const log = await readFile(path.join(test.folder, 'log.log'), 'utf8');
  const lines = log.trimEnd().split('\n');
  const time = String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z`;
  for (const line of lines) expect(line).toMatch(new RegExp(`${time} std(out|err) [FP] `));
  const ofStdout = lines.filter((line) => line.includes(' stdout '));
  expect(lines.some((line) => line.endsWith(' stderr F two'))).toBe(true);
  expect(ofStdout.map((line) => line.split(' ').slice(2).join(' '))).toEqual([
    'F one',
    `P ${'x'.repeat(16_384)}`,
    `F ${'x'.repeat(20_000 - 16_384)}`,
    'F end',
  ]);
});

test('a log keeps its newest lines within its bytes, in two files', async () => {
  await using test = await createPod();
  const spec = { ...inShell(test, 'many', 'seq 1 20000'), logBytes: 100_000 };
  await run(test, spec);
  const newer = await readFile(spec.logPath, 'utf8');
  const older = await readFile(`${spec.logPath}.1`, 'utf8');
  expect(newer.length).toBeLessThanOrEqual(50_000);
  expect(older.length).toBeLessThanOrEqual(50_000);
  const numbers = (older + newer)
    .trimEnd()
    .split('\n')
    .map((line) => Number(line.split(' ')[3]));
  expect(numbers.at(-1)).toBe(20_000);
  expect(
    numbers.every((number, index) => index === 0 || number === (numbers[index - 1] ?? 0) + 1),
  ).toBe(true);
});

test('a program’s own code and the signal that ended it come out of the sandbox', async () => {
  await using test = await createPod();
  expect(await run(test, inShell(test, 'code', 'exit 3'))).toMatchObject({
    exitCode: 3,
    signal: 0,
  });
  expect(await run(test, inShell(test, 'killed', 'kill -9 $$'))).toMatchObject({ exitCode: 137 });
  const plain = { ...inShell(test, 'plain', ''), argv: ['sh', '-c', 'kill -11 $$'], filterFd: -1 };
  expect(await run(test, plain)).toMatchObject({ exitCode: 139, signal: 11 });
});

test('signal 15 reaches the program in the sandbox, signal 9 ends all of it', async () => {
  await using test = await createPod();
  const { agent } = test;
  const polite = exitOf(test, 'polite');
  await agent.start(
    inShell(test, 'polite', 'trap "echo bye; exit 5" TERM; echo up; while :; do sleep 0.02; done'),
  );
  await logged(test, 'polite', 'up');
  await agent.signal('polite', 15);
  expect(await polite).toMatchObject({ exitCode: 5 });
  await logged(test, 'polite', 'bye');

  const deaf = exitOf(test, 'deaf');
  await agent.start(
    inShell(test, 'deaf', 'trap "" TERM; (sleep 1000 &); echo up; while :; do sleep 0.02; done'),
  );
  await logged(test, 'deaf', 'up');
  await agent.signal('deaf', 15);
  await sleep(60);
  expect(await agent.usage()).toMatchObject([{ id: 'deaf' }]);
  await agent.signal('deaf', 9);
  expect(await deaf).toMatchObject({ exitCode: 137, signal: 9, oomKilled: false });
  await sleep(50);
  expect(await processesUnder(agent.pid)).toEqual([]);
});

test('a sandbox signalled while it is being built ends', async () => {
  await using test = await createPod();
  for (const [id, signal] of [
    ['a', 15],
    ['b', 9],
  ] as const) {
    const exit = exitOf(test, id);
    await test.agent.start(inShell(test, id, 'sleep 100'));
    await test.agent.signal(id, signal);
    expect((await exit).exitCode).toBe(128 + signal);
  }
});

test('ended processes are listed until they are forgotten, with their logs', async () => {
  await using test = await createPod();
  const { agent } = test;
  const exit = await run(test, inShell(test, 'done', 'echo hi'));
  await agent.start(inShell(test, 'up', 'sleep 100'));
  const kept = await agent.processes();
  expect(kept.find(({ id }) => id === 'done')).toMatchObject({ exit });
  expect(kept.find(({ id }) => id === 'up')?.exit).toBeUndefined();
  await expect(agent.start(inShell(test, 'up', 'true'))).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(agent.forget('up')).rejects.toMatchObject({ code: 'EBUSY' });
  await agent.forget('done');
  expect((await agent.processes()).map(({ id }) => id)).toEqual(['up']);
  expect(await readdir(test.folder)).not.toContain('done.log');
});

test('a command that cannot be run is refused, and leaves no process to list', async () => {
  await using test = await createPod();
  const spec = { ...inShell(test, 'none', ''), argv: ['no-such-program'] };
  await expect(test.agent.start(spec)).rejects.toMatchObject({ code: 'COMMAND_NOT_FOUND' });
  expect(await test.agent.processes()).toEqual([]);
  await expect(test.agent.start({ ...spec, netns: 'nowhere' })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
});

test('a sandbox above its memory is killed, and says so', async () => {
  await using test = await createPod();
  const spec = inShell(test, 'eater', 'x=$(head -c 30000000 /dev/zero | tr "\\0" x); sleep 100');
  const exit = await run(test, { ...spec, limits: { memoryBytes: 20_000_000 } });
  expect(exit).toMatchObject({ exitCode: 137, signal: 9, oomKilled: true });
}, 15_000);

test('files without end are memory too, however small they are', async () => {
  await using test = await createPod();
  const spec = inShell(test, 'files', 'seq -f /tmp/%g 30000 | xargs touch; sleep 100');
  const exit = await run(test, { ...spec, limits: { memoryBytes: 20_000_000 } });
  expect(exit).toMatchObject({ exitCode: 137, signal: 9, oomKilled: true });
}, 15_000);

/** By the numbers that Linux gave it: the C library's names for some calls are newer than distributions. */
const MEMFD_CREATE = process.arch === 'arm64' ? 279 : 319;
const SO_ATTACH_FILTER = 26;

test('memory that nobody has mapped, and filters on sockets, are refused', async () => {
  await using test = await createPod();
  const perl = [
    'use Socket; socket(my $s, AF_INET, SOCK_STREAM, 0);',
    `print STDERR "memfd: $!\n" if syscall(${MEMFD_CREATE}, my $n = "x", 0) < 0;`,
    `print STDERR "filter: $!\n" if !setsockopt($s, SOL_SOCKET, ${SO_ATTACH_FILTER}, "x");`,
    'print STDERR "shared: $!\n" if !defined shmget(0, 4096, 0600);',
    'print STDERR "reuse: $!\n" if !setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1);',
  ].join(' ');
  const spec = inShell(test, 'unmapped', '');
  await run(test, { ...spec, argv: [...spec.argv.slice(0, -3), 'perl', '-e', perl] });
  const log = await readFile(spec.logPath, 'utf8');
  const said = log
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ').slice(3).join(' '));
  expect(said).toEqual(
    ['memfd', 'filter', 'shared'].map((what) => `${what}: Operation not permitted`),
  );
});

test('limits hold: processes, file size, open files', async () => {
  await using test = await createPod();
  const spec = inShell(test, 'small', 'ulimit -n; ulimit -u; ulimit -f');
  const limits = { openFiles: 50, processes: 40, fileBytes: 1_048_576 };
  await run(test, { ...spec, argv: ['bash', '-c', 'ulimit -n; ulimit -u; ulimit -f'], limits });
  const log = await readFile(spec.logPath, 'utf8');
  expect(
    log
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ')[3]),
  ).toEqual(['50', '40', '1024']);
});

test('the sandbox has the system call filter on the descriptor that was asked for', async () => {
  await using test = await createPod();
  const script = 'grep -E "^(Seccomp|CapEff|NoNewPrivs):" /proc/self/status; unshare -U true';
  expect(await run(test, inShell(test, 'filter', script))).toMatchObject({ exitCode: 1 });
  const log = await readFile(path.join(test.folder, 'filter.log'), 'utf8');
  expect(log).toContain('Seccomp:\t2');
  expect(log).toContain('CapEff:\t0000000000000000');
  expect(log).toContain('NoNewPrivs:\t1');
  expect(log).toContain('Operation not permitted');
});

test('a flooding process keeps its log small and delays nobody', async () => {
  await using test = await createPod();
  const { agent } = test;
  await agent.start(inShell(test, 'flood', 'yes'));
  await logged(test, 'flood', 'F y');
  const slowest = await slowestOf(50, () => agent.processes());
  expect(slowest).toBeLessThan(150);
  expect((await readFile(path.join(test.folder, 'flood.log'))).length).toBeLessThanOrEqual(500_000);
  expect(await residentKilobytes(agent.pid)).toBeLessThan(8000);
});

async function slowestOf(times: number, work: () => Promise<unknown>): Promise<number> {
  let slowest = 0;
  for (let i = 0; i < times; i += 1) {
    const startedAt = performance.now();
    await work();
    slowest = Math.max(slowest, performance.now() - startedAt);
  }
  return slowest;
}

async function residentKilobytes(pid: number): Promise<number> {
  return Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

async function processesUnder(pid: number): Promise<string[]> {
  return (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter(Boolean);
}
