import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Phase } from '../../common/progress.js';
import { isProcessAlive } from '../../system/start-process.js';
import {
  causes,
  describeProvider,
  eventually,
  kubectl,
  podEndpoint,
  spec,
} from '../provider.contract.js';
import { createEmbeddedUnderTest } from '../../test/support/embedded-provider.js';

const TIMEOUT_MS = 120_000;

describeProvider('embedded', () => createEmbeddedUnderTest());

test(
  'a killed host loses nothing that was acknowledged, and its successor takes the running pods over',
  async () => {
    await using under = await createEmbeddedUnderTest();
    await using cluster = await under.provider.create(spec('survivor'));
    const statuses = [
      '-n',
      'shop',
      'get',
      'pods',
      '-o',
      'jsonpath={.items[*].status.containerStatuses[*].containerID}',
    ];
    const before = await kubectl(cluster, 'learner', statuses);
    await cluster.run('echo mine > file');
    for (let i = 0; i < 20; i++) {
      const created = await kubectl(cluster, 'learner', [
        'create',
        'configmap',
        `acknowledged-${i}`,
      ]);
      expect(created.exitCode).toBe(0);
    }
    const pid = under.hostPid();
    process.kill(pid!, 'SIGKILL');
    while (isProcessAlive(pid!)) await sleep(5);

    const startedAt = performance.now();
    const [info] = await under.another().list();
    expect(info).toMatchObject({ name: 'survivor', state: 'ready' });
    expect(performance.now() - startedAt).toBeLessThan(5000);
    const opened = await under.another().open('survivor');
    const maps = await kubectl(opened, 'learner', ['get', 'configmaps', '-o', 'name']);
    expect(maps.stdout.match(/acknowledged-/g)).toHaveLength(20);
    expect((await kubectl(opened, 'learner', statuses)).stdout).toBe(before.stdout);
    expect((await opened.run('cat file')).stdout).toBe('mine\n');
    const env = ['-n', 'shop', 'exec', 'client', '--', 'sh', '-c', 'echo $KUBERNETES_SERVICE_HOST'];
    expect((await kubectl(opened, 'learner', env)).stdout).toBe('10.96.0.1\n');
    const from = await podEndpoint(opened, 'client');
    const to = await podEndpoint(opened, 'web');
    expect(await causes(opened, [[from, to, 80, 'open']])).toEqual(['open']);
    // What was taken over is alive: policies, controllers, deletions.
    await kubectl(opened, 'learner', [
      '-n',
      'shop',
      'delete',
      'pod',
      to.type === 'pod' ? to.name : '',
    ]);
    await eventually(async () => {
      const again = await podEndpoint(opened, 'web');
      expect(again).not.toEqual(to);
      expect(await causes(opened, [[from, again, 80, 'open']])).toEqual(['open']);
    });
    await opened[Symbol.asyncDispose]();
    expect(await under.leftovers()).toEqual([]);
  },
  TIMEOUT_MS,
);

test.each(['network', 'nodes', 'workloads', 'ready'])(
  'a creation that is cancelled in the phase "%s" leaves nothing, and the name is free',
  async (phase) => {
    await using under = await createEmbeddedUnderTest();
    const abort = new AbortController();
    const onPhase = ({ id }: Phase): void => {
      if (id === phase) abort.abort();
    };
    await expect(
      under.provider.create(spec('cancelled'), { signal: abort.signal, onPhase }),
    ).rejects.toMatchObject({ code: 'CANCELLED' });
    await eventually(async () => {
      expect(await under.leftovers()).toEqual([]);
    });
    await using again = await under.provider.create(spec('cancelled'));
    expect(again.info.state).toBe('ready');
  },
  TIMEOUT_MS,
);

test(
  'a cluster whose agent died with the host is built again from its objects',
  async () => {
    await using under = await createEmbeddedUnderTest({ graceMs: 200 });
    await using cluster = await under.provider.create(spec('rebuilt'));
    await kubectl(cluster, 'learner', ['create', 'configmap', 'kept']);
    const pid = under.hostPid();
    process.kill(pid!, 'SIGKILL');
    await eventually(async () => {
      const left = await under.leftovers();
      expect(left.filter((what) => what.includes('agent --dir'))).toEqual([]);
    });
    const opened = await under.another().open('rebuilt');
    await eventually(async () => {
      const from = await podEndpoint(opened, 'client');
      const to = await podEndpoint(opened, 'web');
      expect(await causes(opened, [[from, to, 80, 'open']])).toEqual(['open']);
    }, 30_000);
    const maps = await kubectl(opened, 'learner', ['get', 'configmap', 'kept', '-o', 'name']);
    expect(maps.stdout).toBe('configmap/kept\n');
    expect((await opened.run('cat notes/readme.txt')).stdout).toBe('hello\n');
  },
  TIMEOUT_MS,
);

test(
  'a cluster whose agent is killed under a living host is built again from its objects',
  async () => {
    await using under = await createEmbeddedUnderTest();
    await using cluster = await under.provider.create(spec('orphaned'));
    await kubectl(cluster, 'learner', ['create', 'configmap', 'kept']);
    const agents = readdirSync('/proc').filter((pid) => {
      try {
        const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return args[0]?.endsWith('/agent') === true && args[0].startsWith(under.stateDir);
      } catch {
        return false;
      }
    });
    expect(agents).toHaveLength(1);
    expect(await cluster.trouble?.()).toBeUndefined();
    process.kill(Number(agents[0]), 'SIGKILL');
    await eventually(async () => {
      expect(await cluster.trouble?.()).toMatchObject({ state: 'restarted' });
      const from = await podEndpoint(cluster, 'client');
      const to = await podEndpoint(cluster, 'web');
      expect(await causes(cluster, [[from, to, 80, 'open']])).toEqual(['open']);
    }, 30_000);
    const maps = await kubectl(cluster, 'learner', ['get', 'configmap', 'kept', '-o', 'name']);
    expect(maps.stdout).toBe('configmap/kept\n');
  },
  TIMEOUT_MS,
);

test(
  'pieces of a cluster whose creation a crash cut short are swept away',
  async () => {
    await using under = await createEmbeddedUnderTest();
    const pieces = path.join(under.stateDir, 'clusters', 'pieces', 'private');
    mkdirSync(pieces, { recursive: true });
    writeFileSync(path.join(pieces, 'half'), 'made');
    expect(await under.provider.list()).toEqual([]);
    expect(await under.leftovers()).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'the kernel names the policies behind a dropped packet',
  async () => {
    await using under = await createEmbeddedUnderTest();
    await using cluster = await under.provider.create(spec('named'));
    await cluster.apply([
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'closed', namespace: 'shop' },
        spec: { podSelector: {}, policyTypes: ['Ingress'] },
      },
    ]);
    const [from, to] = [await podEndpoint(cluster, 'client'), await podEndpoint(cluster, 'web')];
    const [result] = await cluster.probe([{ from, to, port: 80, protocol: 'TCP' }]);
    expect(result).toMatchObject({
      cause: 'filtered',
      droppedBy: { direction: 'ingress', policies: ['shop/closed'] },
    });
  },
  TIMEOUT_MS,
);

test(
  'the workstation has a shell left while pods run hundreds of processes',
  async () => {
    await using under = await createEmbeddedUnderTest();
    await using cluster = await under.provider.create(spec('crowded'));
    const crowd = 'i=0; while [ $i -lt 300 ]; do sleep 600 & i=$((i+1)); done; echo all';
    const exec = ['-n', 'shop', 'exec', 'client', '--', 'sh', '-c', `(${crowd}) 2>&1`];
    expect((await kubectl(cluster, 'learner', exec)).stdout).toBe('all\n');
    const piped = await cluster.run('echo here | cat | cat');
    expect(piped).toEqual({ exitCode: 0, stdout: 'here\n', stderr: '' });
  },
  TIMEOUT_MS,
);

test(
  'an idle host ends by itself',
  async () => {
    await using under = await createEmbeddedUnderTest({ idleMs: 200 });
    await using cluster = await under.provider.create(spec('brief', { manifests: [] }));
    await cluster[Symbol.asyncDispose]();
    await eventually(async () => {
      expect(under.hostPid()).toBeUndefined();
      await Promise.resolve();
    });
  },
  TIMEOUT_MS,
);
