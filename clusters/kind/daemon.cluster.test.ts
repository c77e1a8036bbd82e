import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { newMaker } from '../../system/maker.js';
import { runCommand } from '../../system/run-command.js';
import { isProcessAlive, startDetached } from '../../system/start-process.js';
import { createTempFolder } from '../../system/temp-folder.js';
import { eventually, spec } from '../provider.contract.js';
import { PATH, WORKSTATION_IMAGE, startDocker } from './docker-fixture.js';
import { listContainers } from './list-containers.js';
import { KIND_CLUSTER_LABEL, KIND_ROLE_LABEL, LABEL } from './names.js';
import { findClusters } from './records.js';
import { removeCluster } from './remove-cluster.js';
import { startResting } from './wake.js';
import { createRecord, runInWorkstation, startWorkstation } from './workstation.js';

jest.setTimeout(180_000);

/** A Docker of the test's own, which may go down and come up: it leaves the machine's packet filter alone. */
interface Daemon extends AsyncDisposable {
  environment: Record<string, string>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

async function createDaemon(): Promise<Daemon> {
  const folder = await createTempFolder('dockerd');
  const at = (name: string): string => path.join(folder.path, name);
  const host = `unix://${at('docker.sock')}`;
  const environment = { DOCKER_HOST: host };
  const args = [
    ...[
      '--host',
      host,
      '--pidfile',
      at('pid'),
      '--data-root',
      at('data'),
      '--exec-root',
      at('run'),
    ],
    ...['--bridge', 'none', '--iptables=false', '--ip6tables=false', '--ip-forward=false'],
    // Where containers would have to be taken over from a dead daemon: not what is tried here.
    ...['--storage-driver', 'vfs', '--live-restore=false'],
  ];
  let pid: number | undefined;
  const stop = async (): Promise<void> => {
    if (pid === undefined) return;
    process.kill(pid, 'SIGTERM');
    while (isProcessAlive(pid)) await sleep(20);
    pid = undefined;
  };
  return {
    environment,
    async start() {
      pid = await startDetached('dockerd', args, { env: { PATH }, outputFile: at('log') });
      await eventually(async () => {
        const { exitCode } = await runCommand('docker', ['info'], { env: environment });
        expect(exitCode).toBe(0);
      }, 30_000);
    },
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const dockerd = await runCommand('sh', ['-c', 'command -v dockerd && [ "$(id -u)" = 0 ]'], {
  env: { PATH },
});
const isInstalled = dockerd.exitCode === 0;

(isInstalled ? test : test.skip)(
  `a Docker that goes down is said to be so, and what it had runs again when it is up${isInstalled ? '' : ': dockerd is not installed here'}`,
  async () => {
    await using daemon = await createDaemon();
    await daemon.start();
    await using started = await startDocker(daemon.environment);
    const { context, docker, commands } = started;
    const wanted = spec('daemon-test', { nodes: 1 });
    const [name, kindName] = [wanted.name, 'gh-daemon-test'];
    const own = `${LABEL.installation}=${context.installation}`;
    const states = async (): Promise<string[]> =>
      (await listContainers(context.programs))
        .map((container) => `${container.name.slice(kindName.length + 1)} ${container.state}`)
        .toSorted();
    const watched = async (): Promise<string[]> =>
      (await context.containers.list())
        .map((container) => `${container.name.slice(kindName.length + 1)} ${container.state}`)
        .toSorted();
    const told = (expected: string[]) =>
      eventually(async () => {
        expect(await watched()).toEqual(expected);
      });
    try {
      await context.programs.docker(['network', 'create', '--label', own, kindName]);
      await createRecord(context, wanted, { kindName, maker: newMaker(), createdAt: '' });
      await startWorkstation(context, name);
      const labels = [`${KIND_CLUSTER_LABEL}=${kindName}`, `${KIND_ROLE_LABEL}=control-plane`];
      const made = await docker([
        ...['run', '--detach', '--name', `${kindName}-control-plane`, '--network', kindName],
        ...labels.flatMap((label) => ['--label', label]),
        ...[WORKSTATION_IMAGE, 'sleep', '600'],
      ]);
      expect(made.stderr).toBe('');
      await runInWorkstation(context, name, { script: 'echo mine >kept', timeoutMs: 5000 });

      // What somebody else does to it is known without asking.
      await told(['control-plane running', 'workstation running']);
      await docker(['pause', `${kindName}-control-plane`]);
      await told(['control-plane paused', 'workstation running']);
      await docker(['unpause', `${kindName}-control-plane`]);
      await told(['control-plane running', 'workstation running']);
      await docker([
        ...['run', '--detach', '--name', `${kindName}-worker`, '--network', 'none'],
        ...[WORKSTATION_IMAGE, 'id'],
      ]);
      await told(['control-plane running', 'worker exited', 'workstation running']);
      await docker(['rm', `${kindName}-worker`]);
      await told(['control-plane running', 'workstation running']);
      const asked = commands.length;
      for (let look = 0; look < 20; look += 1) await watched();
      // One, if the last event was still on its way.
      expect(commands.length - asked).toBeLessThanOrEqual(1);
      expect(commands.filter((line) => line.startsWith('docker events'))).toHaveLength(1);

      await daemon.stop();
      await eventually(() =>
        expect(watched()).rejects.toMatchObject({ code: 'MACHINE_NOT_READY' }),
      );
      await expect(findClusters(context)).rejects.toMatchObject({
        code: 'MACHINE_NOT_READY',
        message: 'Docker is not running',
        fix: expect.any(String),
      });

      await daemon.start();
      // Docker itself runs the workstation again, by its restart policy; nodes are ours to start.
      await eventually(async () => {
        expect(await states()).toEqual(['control-plane exited', 'workstation running']);
      });
      expect(await findClusters(context)).toMatchObject([
        { name, isLeftover: false, info: { state: 'ready' } },
      ]);
      expect(await startResting(context, { name, kindName })).toBe(true);
      await told(['control-plane running', 'workstation running']);
      // Its events are heard again.
      await docker(['kill', `${kindName}-control-plane`]);
      await told(['control-plane exited', 'workstation running']);
    } finally {
      await removeCluster(context, { name, kindName });
    }
    expect(await findClusters(context)).toEqual([]);
  },
);
