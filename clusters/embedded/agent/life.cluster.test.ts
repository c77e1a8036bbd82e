import { chown, mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from '../../../system/run-command.js';
import { createTempFolder } from '../../../system/temp-folder.js';
import { createTestAgent, nativePath, sandboxed, type TestAgent } from './agent-fixture.js';
import { connectAgent } from './connect-agent.js';
import { createAgent } from './create-agent.js';
import { findAgents } from './find-agents.js';

async function createPod(options: { graceMs?: number } = {}): Promise<TestAgent> {
  const test = await createTestAgent(options);
  await test.agent.network([{ op: 'netns-add', name: 'pod' }]);
  await test.agent.start(sandboxed(test, { id: 'pod', netns: 'pod' }, ['sleep', '1000']));
  return test;
}

/** Every process of this machine that has the agent's user, those that only wait to be reaped aside. */
async function processesOf({ uid }: { uid: number }): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const status = await readFile(`/proc/${name}/status`, 'utf8').catch(() => '');
    if (!/State:\s+Z/.test(status) && status.includes(`\nUid:\t${uid}\t`)) found.push(Number(name));
  }
  return found;
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 300; i += 1) {
    if (await condition()) return;
    await sleep(10);
  }
  throw new Error(`never happened: ${what}`);
}

test('an agent is its folder’s user, marked by its folder, and small', async () => {
  await using test = await createPod();
  const { agent, folder, uid } = test;
  const status = await readFile(`/proc/${agent.pid}/status`, 'utf8');
  expect(status).toContain(`Uid:\t${uid}\t${uid}\t`);
  expect(await readFile(`/proc/${agent.pid}/cmdline`, 'utf8')).toContain(`--dir\0${folder}\0`);
  expect(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1])).toBeLessThan(4000);
});

test('agents are found by asking the machine', async () => {
  const { agent, folder, ...test } = await createPod();
  await using found = test;
  const { pid, socketPath } = agent;
  expect(await findAgents()).toContainEqual({ pid, dir: folder, socketPath });
  await found[Symbol.asyncDispose]();
  expect((await findAgents()).map(({ dir }) => dir)).not.toContain(folder);
});

test('disposing of an agent leaves no process', async () => {
  let user: { uid: number };
  {
    await using test = await createPod();
    user = test;
    await until('the sandbox is built', async () => (await processesOf(user)).length === 4);
  }
  expect(await processesOf(user)).toEqual([]);
});

test('all processes are killed at once, also those that fork, and the agent and its namespaces stay', async () => {
  await using test = await createPod();
  const { agent } = test;
  const forking = 'while true; do sleep 100 & done';
  await agent.start(sandboxed(test, { id: 'bomb', netns: 'pod' }, ['sh', '-c', forking]));
  await until('there are many', async () => (await processesOf(test)).length > 50);
  await agent.killAll();
  await until('only the agent is left', async () => (await processesOf(test)).length === 1);
  expect(await agent.namespaces()).toEqual(['pod']);
  const kept = await agent.processes();
  expect(kept.map(({ id, exit }) => [id, exit?.exitCode])).toEqual(
    expect.arrayContaining([
      ['pod', 137],
      ['bomb', 137],
    ]),
  );
});

test('killing the agent’s process ends the cluster, and its client is told', async () => {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8');
  await using test = await createPod();
  const ended = new Promise<void>((resolve) => {
    test.agent.on('end', resolve);
  });
  process.kill(test.agent.pid, 'SIGKILL');
  await ended;
  await until('nothing is left', async () => (await processesOf(test)).length === 0);
  await expect(test.agent.processes()).rejects.toMatchObject({ code: 'GONE' });
  expect(await readFile('/proc/self/mountinfo', 'utf8')).toBe(mounts);
});

test('a client that comes back finds its processes, and what ended while it was away', async () => {
  await using test = await createPod();
  const { agent } = test;
  await agent.start(
    sandboxed(test, { id: 'short', netns: 'pod' }, ['sh', '-c', 'sleep 0.2; exit 3']),
  );
  agent.disconnect();
  await sleep(500);
  await using again = await connectAgent(agent.socketPath);
  expect(again.pid).toBe(agent.pid);
  const kept = await again.processes();
  expect(kept.find(({ id }) => id === 'pod')?.exit).toBeUndefined();
  expect(kept.find(({ id }) => id === 'short')?.exit).toMatchObject({ exitCode: 3 });
  expect(await again.namespaces()).toEqual(['pod']);
});

test('an agent alone for longer than its grace ends', async () => {
  await using test = await createPod({ graceMs: 300 });
  await sleep(500);
  expect(await processesOf(test)).not.toEqual([]);
  test.agent.disconnect();
  await until('the end', async () => (await processesOf(test)).length === 0);
});

test('an ordinary user can have a cluster too', async () => {
  await using temp = await createTempFolder('agent');
  const dir = path.join(temp.path, 'own');
  await mkdir(dir, { mode: 0o700 });
  await chown(temp.path, 12_345, 12_345);
  await chown(dir, 12_345, 12_345);
  const socketPath = path.join(dir, 's');
  const user = ['--reuid', '12345', '--regid', '12345', '--clear-groups'];
  const agentArgs = ['--dir', dir, '--socket', socketPath, '--grace-ms', '2000'];
  const result = await runCommand('setpriv', [...user, nativePath('agent'), ...agentArgs]);
  expect(result).toMatchObject({ exitCode: 0, stderr: '' });
  await using agent = await connectAgent(socketPath);
  const test = { agent, folder: dir, uid: 12_345, [Symbol.asyncDispose]: () => Promise.resolve() };
  await agent.network([{ op: 'netns-add', name: 'x' }]);
  await agent.nft('x', 'add table ip t');
  const exit = new Promise((resolve) => {
    agent.on('exit', resolve);
  });
  await agent.start(sandboxed(test, { id: 'one', netns: 'x' }, ['sh', '-c', 'exit 2']));
  expect(await exit).toMatchObject({ exitCode: 2 });
});

test('a folder that cannot be used is an error that says why', async () => {
  await using temp = await createTempFolder('agent');
  const options = { dir: temp.path, uid: 712_345, graceMs: 1000, agentPath: nativePath('agent') };
  await expect(
    createAgent({ ...options, socketPath: path.join(temp.path, 'x'.repeat(120)) }),
  ).rejects.toThrow(/longer than a unix socket allows/);
  await expect(createAgent({ ...options, socketPath: '/proc/none/socket' })).rejects.toThrow(
    /cannot listen on \/proc\/none\/socket: No such file/,
  );
});
