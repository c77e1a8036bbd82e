import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { buffer, text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from '../../../system/run-command.js';
import { openTerminal } from '../../../system/terminal.js';
import { createTestAgent, nativePath, sandboxed, type TestAgent } from './agent-fixture.js';
import type { ExecSession, ExecSpec } from './agent.js';
import { joinCommand } from './join-command.js';

/** An agent with one sandbox, `pod`, that sleeps. */
async function createPod(command = ['sleep', '1000']): Promise<TestAgent> {
  const test = await createTestAgent();
  await test.agent.network([{ op: 'netns-add', name: 'pod' }]);
  await test.agent.start(sandboxed(test, { id: 'pod', netns: 'pod' }, command));
  return test;
}

const inPod = (...argv: string[]): ExecSpec => ({
  target: 'process',
  id: 'pod',
  argv,
  env: { PATH: '/usr/bin:/bin', GREETING: 'hello' },
});

async function outcome(session: ExecSession): Promise<{ code: number; out: string; err: string }> {
  const [out, err] = await Promise.all([text(session.stdout), text(session.stderr)]);
  return { code: await session.exited, out, err };
}

const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 300; i += 1) {
    if (await condition()) return;
    await sleep(10);
  }
  throw new Error(`never happened: ${what}`);
}

test('a command runs in the sandbox, with its streams, folder, environment and exit code', async () => {
  await using test = await createPod();
  const script = 'pwd; echo $GREETING; echo problem >&2; cat; ls / | head -1; exit 7';
  const session = await test.agent.exec({ ...inPod('sh', '-c', script), cwd: '/tmp' });
  session.stdin.end('typed\n');
  expect(await outcome(session)).toEqual({
    code: 7,
    out: '/tmp\nhello\ntyped\nbin\n',
    err: 'problem\n',
  });
  const killed = await test.agent.exec(inPod('sh', '-c', 'kill -9 $$'));
  expect((await outcome(killed)).code).toBe(137);
});

test('a joined command has no capabilities, no new privileges, and only the sandbox’s processes', async () => {
  await using test = await createPod();
  const status = 'grep -E "^(Cap(Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp):" /proc/self/status';
  const session = await test.agent.exec(
    inPod('sh', '-c', `${status}; unshare -U true; ps ax | grep -c sleep`),
  );
  const { out, err } = await outcome(session);
  expect(out.match(/0000000000000000/g)).toHaveLength(4);
  expect(out).toContain('NoNewPrivs:\t1');
  expect(out).toContain('Seccomp:\t2');
  expect(err).toContain('Operation not permitted');
  const privileged = await test.agent.exec({
    ...inPod('sh', '-c', 'grep CapEff /proc/self/status'),
    target: 'process',
    id: 'pod',
    confined: false,
  });
  expect((await outcome(privileged)).out).not.toContain('0000000000000000');
});

test('a command joins a sandbox that has users of its own', async () => {
  await using test = await createTestAgent();
  const { agent } = test;
  await agent.network([{ op: 'netns-add', name: 'pod' }]);
  const spec = sandboxed(test, { id: 'pod', netns: 'pod' }, ['sleep', '1000']);
  const user = ['--unshare-user', '--uid', '1000', '--gid', '1000'];
  await agent.start({ ...spec, argv: ['bwrap', ...user, ...spec.argv.slice(1)] });
  const session = await agent.exec(inPod('sh', '-c', 'id -u; grep CapBnd /proc/self/status'));
  expect((await outcome(session)).out).toBe('1000\nCapBnd:\t0000000000000000\n');
});

test('what cannot be run is refused as a container runtime says it', async () => {
  await using test = await createPod();
  const { agent } = test;
  await expect(agent.exec(inPod('nope'))).rejects.toMatchObject({
    code: 'COMMAND_NOT_FOUND',
    message: 'exec: "nope": executable file not found in $PATH',
  });
  await expect(agent.exec(inPod('/etc/passwd'))).rejects.toMatchObject({
    code: 'COMMAND_NOT_RUN',
    message: 'exec: "/etc/passwd": permission denied',
  });
  await expect(
    agent.exec({ ...inPod('true'), target: 'process', id: 'other' }),
  ).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  const ended = new Promise<void>((resolve) => {
    agent.on('exit', () => {
      resolve();
    });
  });
  await agent.signal('pod', 9);
  await ended;
  await expect(agent.exec(inPod('true'))).rejects.toMatchObject({ code: 'ENDED' });
});

test('megabytes pass unharmed in both directions at once', async () => {
  await using test = await createPod();
  const bytes = randomBytes(12_000_000);
  const session = await test.agent.exec(inPod('cat'));
  session.stdin.end(bytes);
  expect(md5(await buffer(session.stdout))).toBe(md5(bytes));
  expect(await session.exited).toBe(0);
});

test('output that nobody reads stops its program, and grows nobody’s memory', async () => {
  await using test = await createPod();
  const { agent } = test;
  const session = await agent.exec(inPod('yes'));
  await sleep(300);
  const before = process.memoryUsage().rss;
  const cpu = async (): Promise<number> => (await agent.usage())[0]?.cpuMs ?? 0;
  expect((await agent.usage())[0]?.processes).toBe(4); // bubblewrap twice, sleep, yes
  const resident = /VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${agent.pid}/status`, 'utf8'))?.[1];
  expect(Number(resident)).toBeLessThan(6000);
  const spent = await cpu();
  const startedAt = performance.now();
  await agent.exec(inPod('true')).then(({ exited }) => exited);
  expect(performance.now() - startedAt).toBeLessThan(300);
  await sleep(300);
  expect((await cpu()) - spent).toBeLessThan(100);
  expect(process.memoryUsage().rss - before).toBeLessThan(40_000_000);
  session.signal(9);
  session.stdout.resume();
  expect(await session.exited).toBe(137);
});

test('input that the program does not read is held back', async () => {
  await using test = await createPod();
  const session = await test.agent.exec(inPod('sleep', '1000'));
  let taken = 0;
  const chunk = Buffer.alloc(65_536);
  for (let i = 0; i < 200 && session.stdin.write(chunk); i += 1) taken += 1;
  for (let i = 0; i < 100; i += 1) session.stdin.write(chunk);
  await sleep(200);
  const resident = /VmRSS:\s+(\d+)/.exec(
    await readFile(`/proc/${test.agent.pid}/status`, 'utf8'),
  )?.[1];
  expect(taken).toBeLessThan(100);
  expect(Number(resident)).toBeLessThan(6000);
  session.signal(15);
  session.stdout.resume();
  expect(await session.exited).toBe(143);
});

test('a terminal has the sandbox’s own name, its size, new sizes, and job control', async () => {
  await using test = await createPod();
  const session = await test.agent.exec({
    ...inPod(
      'bash',
      '--norc',
      '-c',
      'tty; stty size; read x; stty size; echo ready; exec sleep 100',
    ),
    tty: { columns: 100, rows: 30 },
  });
  let seen = '';
  session.stdout.on('data', (bytes: Buffer) => (seen += bytes.toString()));
  await until('the first size', () => seen.includes('30 100'));
  expect(seen).toMatch(/^\/dev\/pts\/\d+\r\n/);
  session.resize({ columns: 80, rows: 24 });
  session.stdin.write('\n');
  await until('the second size', () => seen.includes('24 80'));
  await until('the last program', () => seen.includes('ready'));
  session.stdin.write('\u0003');
  expect(await session.exited).toBe(130);
});

test('a terminal session is hung up with its connection; a plain one goes on', async () => {
  await using test = await createPod();
  const { agent } = test;
  const count = async (): Promise<number> => (await agent.usage())[0]?.processes ?? 0;
  await until('the sandbox is built', async () => (await count()) === 3);
  const processes = async (): Promise<number> => {
    const { out } = await outcome(
      await agent.exec(inPod('sh', '-c', 'ls /proc | grep -c "^[0-9]"')),
    );
    return Number(out);
  };
  const idle = await processes();
  const terminal = await agent.exec({ ...inPod('sleep', '500'), tty: { columns: 80, rows: 24 } });
  const plain = await agent.exec(inPod('sleep', '501'));
  expect(await processes()).toBe(idle + 2);
  terminal.close();
  plain.close();
  await expect(terminal.exited).rejects.toMatchObject({ code: 'GONE' });
  await until('the hang-up', async () => (await processes()) === idle + 1);
});

test('a command in a namespace alone is killed with its connection', async () => {
  await using test = await createTestAgent();
  const { agent } = test;
  await agent.network([{ op: 'netns-add', name: 'x' }]);
  const session = await agent.exec({
    target: 'netns',
    netns: 'x',
    argv: ['sh', '-c', 'ip -br addr; sleep 1000'],
    env: { PATH: '/usr/sbin:/usr/bin' },
  });
  let seen = '';
  session.stdout.on('data', (bytes: Buffer) => (seen += bytes.toString()));
  await until('the list of links', () => seen.includes('127.0.0.1/8'));
  const children = (): Promise<string> =>
    readFile(`/proc/${agent.pid}/task/${agent.pid}/children`, 'utf8');
  expect(await children()).not.toBe('');
  session.close();
  await until('the end', async () => (await children()) === '');
});

test('attach shows a process’s own output, feeds its input and ends with it', async () => {
  await using test = await createTestAgent();
  const { agent } = test;
  await agent.network([{ op: 'netns-add', name: 'pod' }]);
  const spec = sandboxed(test, { id: 'pod', netns: 'pod' }, [
    'sh',
    '-c',
    'cat; echo over >&2; exit 4',
  ]);
  await agent.start({ ...spec, stdin: true });
  const session = await agent.attach('pod');
  const bytes = Buffer.from(randomBytes(300_000).toString('base64'));
  session.stdin.end(bytes);
  const [out, err] = await Promise.all([buffer(session.stdout), text(session.stderr)]);
  expect(md5(out)).toBe(md5(bytes));
  expect(err).toBe('over\n');
  expect(await session.exited).toBe(4);
  await expect(agent.attach('pod')).rejects.toMatchObject({ code: 'ENDED' });
});

test('attach to a process with a terminal sees it, resizes it and types into it', async () => {
  await using test = await createTestAgent();
  const { agent } = test;
  await agent.network([{ op: 'netns-add', name: 'pod' }]);
  const spec = sandboxed(test, { id: 'pod', netns: 'pod' }, [
    'sh',
    '-c',
    'read x; stty size; echo got $x',
  ]);
  await agent.start({ ...spec, tty: true });
  const session = await agent.attach('pod');
  session.resize({ columns: 90, rows: 20 });
  session.stdin.write('word\n');
  const out = await text(session.stdout);
  expect(out).toContain('20 90');
  expect(out).toContain('got word');
  expect(await session.exited).toBe(0);
});

describe('join', () => {
  const join = (test: TestAgent, spec: ExecSpec): { file: string; args: string[] } =>
    joinCommand(spec, { socketPath: test.agent.socketPath, joinPath: nativePath('join') });

  test('passes plain streams and the exit code', async () => {
    await using test = await createPod();
    const { file, args } = join(test, {
      ...inPod('sh', '-c', 'cat; echo $GREETING >&2; exit 9'),
      cwd: '/tmp',
    });
    const result = await runCommand(file, args, { input: 'to and fro' });
    expect(result).toMatchObject({ exitCode: 9, stdout: 'to and fro', stderr: 'hello\n' });
    const missing = join(test, inPod('nope'));
    expect(await runCommand(missing.file, missing.args)).toMatchObject({
      exitCode: 127,
      stderr: 'exec: "nope": executable file not found in $PATH\n',
    });
  });

  test.each([
    ['hands its terminal over where it leads the session', []],
    ['relays where a shell started it', ['/bin/bash', '--norc', '-c', '"$@"; exit $?', 'bash']],
  ])('%s', async (_, wrapper) => {
    await using test = await createPod();
    const script =
      'stty size; read x; stty size; echo "got $x"; trap "exit 6" HUP; while :; do sleep 0.05; done';
    const { file, args } = join(test, inPod('bash', '--norc', '-c', script));
    const [program = file, ...rest] = [...wrapper, file, ...args];
    let seen = '';
    let exitCode: number | undefined;
    await using terminal = openTerminal({
      file: program,
      args: rest,
      env: { PATH: '/usr/bin:/bin' },
      cols: 100,
      rows: 30,
      onData: (bytes) => (seen += bytes.toString()),
      onExit: (exit) => (exitCode = exit.exitCode),
    });
    await until('the first size', () => seen.includes('30 100'));
    terminal.resize(80, 24);
    await sleep(50);
    terminal.write('word\r');
    await until('the answer', () => seen.includes('got word'));
    expect(seen).toContain('24 80');
    terminal.write('\u0003');
    await until('the end', () => exitCode !== undefined);
    expect(exitCode).toBe(130);
  });

  test('a terminal that closes hangs the program up', async () => {
    await using test = await createPod();
    const { file, args } = join(test, inPod('sh', '-c', 'echo up; sleep 777'));
    let seen = '';
    const terminal = openTerminal({
      file,
      args,
      env: {},
      cols: 80,
      rows: 24,
      onData: (bytes) => (seen += bytes.toString()),
      onExit: () => undefined,
    });
    await until('the start', () => seen.includes('up'));
    const sleeping = async (): Promise<boolean> =>
      (await outcome(await test.agent.exec(inPod('ps', 'ax')))).out.includes('sleep 777');
    expect(await sleeping()).toBe(true);
    await terminal[Symbol.asyncDispose]();
    await until('the hang-up', async () => !(await sleeping()));
  });
});
