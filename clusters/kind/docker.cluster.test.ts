import { jest } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { runCommand } from '../../system/run-command.js';
import { createTempFolder } from '../../system/temp-folder.js';
import { newMaker } from '../../system/maker.js';
import { openTerminal } from '../../system/terminal.js';
import {
  describeProvider,
  eventually,
  spec,
  type ProviderUnderTest,
} from '../provider.contract.js';
import { filesOf } from './context.js';
import { PATH, WORKSTATION_IMAGE, startDocker } from './docker-fixture.js';
import { doctor } from './doctor.js';
import { presentImages } from './images.js';
import { listContainers } from './list-containers.js';
import { KIND_CLUSTER_LABEL, KIND_ROLE_LABEL, LABEL } from './names.js';
import { imageOfRelease, parseKindVersion } from './node-image.js';
import { Programs } from './programs.js';
import { createKindProvider } from './provider.js';
import { findClusters } from './records.js';
import { removeCluster, sweep } from './remove-cluster.js';
import { startResting } from './wake.js';
import {
  createRecord,
  fillWorkstation,
  restoreWorkstation,
  runInWorkstation,
  startWorkstation,
  workstationShell,
} from './workstation.js';

jest.setTimeout(900_000);

const docker = (args: readonly string[]) => runCommand('docker', args, { timeoutMs: 60_000 });
const isDockerUp = (await docker(['info'])).exitCode === 0;
// Terminals get only what they are given.
const host = (await runCommand('sh', ['-c', 'printf %s "$DOCKER_HOST"'])).stdout;
const environment: Record<string, string> = host === '' ? {} : { DOCKER_HOST: host };
const kindVersion = await runCommand('kind', ['version']);
const NODE_IMAGE = imageOfRelease(parseKindVersion(kindVersion.stdout));
const missing = !isDockerUp
  ? 'Docker does not run here'
  : kindVersion.exitCode !== 0
    ? 'kind is not installed here'
    : (await docker(['image', 'inspect', NODE_IMAGE])).exitCode !== 0
      ? `the image ${NODE_IMAGE} is not here`
      : undefined;

if (missing === undefined) {
  describeProvider('kind', startReal);
} else {
  // eslint-disable-next-line @typescript-eslint/no-empty-function -- named, with its reason, so that nobody misses it
  test.skip(`the contract against real kind: ${missing}`, () => {});
}

async function startReal(): Promise<ProviderUnderTest> {
  const folder = await createTempFolder('kind');
  const open = () => createKindProvider({ stateDir: folder.path, path: PATH, environment });
  const made = [open()];
  const [provider] = made;
  const label = 'label=io.x-k8s.kind.cluster';
  return {
    provider: provider!,
    another: () => {
      const one = open();
      made.push(one);
      return one;
    },
    leftovers: async (except = []) => {
      const { stdout } = await docker(['ps', '--all', '--filter', label, '--format', '{{.Names}}']);
      return stdout
        .split('\n')
        .filter(
          (name) =>
            name.startsWith('gh-') && !except.some((known) => name.startsWith(`gh-${known}`)),
        );
    },
    async [Symbol.asyncDispose]() {
      for (const one of made) await one[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const onDocker = isDockerUp ? test : test.skip;
const suffix = isDockerUp ? '' : ': Docker does not run here';

onDocker(
  `real Docker keeps record, workstation and network, and gives them all back${suffix}`,
  async () => {
    await using started = await startDocker(environment);
    const { context } = started;
    const wanted = spec('docker-test', { nodes: 1, labels: { lab: 'a "quoted" lab' } });
    const files = filesOf(context, wanted.name);
    mkdirSync(files.dir, { recursive: true });
    writeFileSync(files.internal, 'kubeconfig\n');
    const kindName = 'gh-docker-test';
    const label = `${LABEL.installation}=${context.installation}`;
    try {
      await context.programs.docker(['network', 'create', '--label', label, kindName]);
      const maker = `${(await import('node:os')).hostname()}/1/1/x`;
      await createRecord(context, wanted, { kindName, maker, createdAt: '2026-01-01T00:00:00Z' });
      await expect(
        createRecord(context, wanted, { kindName, maker, createdAt: '' }),
      ).rejects.toMatchObject({ code: 'CLUSTER_EXISTS' });
      await expect(context.programs.docker(['network', 'create', kindName])).rejects.toMatchObject({
        code: 'CLUSTER_EXISTS',
      });
      const [found] = await findClusters(context);
      expect(found).toMatchObject({
        isLeftover: true,
        info: { state: 'creating', labels: wanted.labels },
      });

      await fillWorkstation(context, wanted);
      await startWorkstation(context, wanted.name);
      const run = (script: string, timeoutMs = 5000) =>
        runInWorkstation(context, wanted.name, { script, timeoutMs });
      expect(await run('whoami; pwd; cat notes/readme.txt; ls -a; echo no >&2; exit 3')).toEqual({
        exitCode: 3,
        stdout: 'learner\n/home/learner\nhello\n.\n..\n.bashrc\n.kube\nnotes\n',
        stderr: 'no\n',
      });
      expect(await run('echo begun; sleep 60', 300)).toMatchObject({
        exitCode: 124,
        stdout: 'begun\n',
      });
      const rights = await run(
        'grep -E "^(CapEff|CapBnd|NoNewPrivs)" /proc/self/status 2>/dev/null || while read -r l; do case $l in CapEff*|CapBnd*|NoNewPrivs*) echo $l;; esac; done </proc/self/status; touch /etc/x; ls /var/run/docker.sock',
      );
      expect(rights.stdout).toMatch(/CapEff:\s*0+\s+CapBnd:\s*0+\s+NoNewPrivs:\s*1\s/);
      expect(rights.stderr).toMatch(/\/etc\/x.*Permission denied/);
      expect(rights.stderr).toContain('docker.sock');

      const abort = new AbortController();
      setTimeout(() => {
        abort.abort();
      }, 300);
      await expect(
        runInWorkstation(context, wanted.name, {
          script: 'echo $$ >pid; sleep 300',
          signal: abort.signal,
        }),
      ).rejects.toMatchObject({ code: 'CANCELLED' });
      expect((await run('kill -0 $(cat pid) 2>/dev/null && echo alive || echo ended')).stdout).toBe(
        'ended\n',
      );

      const shell = workstationShell(context, wanted.name);
      const typed = await runCommand(shell.file, shell.args, {
        env: shell.env,
        input: 'id -un; exit 5\n',
      });
      expect(typed).toMatchObject({ stdout: 'learner\n', exitCode: 5 });

      let seen = '';
      const terminal = openTerminal({
        ...shell,
        cols: 80,
        rows: 24,
        onData: (bytes) => {
          seen += bytes.toString('utf8');
        },
        onExit: () => undefined,
      });
      await eventually(() => {
        expect(seen).toContain('$ ');
        return Promise.resolve();
      });
      terminal.write('tty; sleep 777\n');
      await eventually(async () => {
        const inside = await docker(['top', 'gh-docker-test-workstation', '-eo', 'pid,args']);
        expect(inside.stdout).toContain('sleep 777');
      });
      await terminal[Symbol.asyncDispose]();
      await eventually(async () => {
        const inside = await docker(['top', 'gh-docker-test-workstation', '-eo', 'pid,args']);
        expect(inside.stdout).not.toContain('sleep 777');
      });

      await run(
        'rm -r notes; touch mine; mkdir -p shut/in; touch shut/in/it; chmod 0 shut/in shut .; (sleep 500 &) ',
      );
      await restoreWorkstation(context, wanted);
      expect((await run('ls; cat notes/readme.txt')).stdout).toBe('notes\nhello\n');
      const top = await docker(['top', 'gh-docker-test-workstation', '-eo', 'pid,args']);
      expect(top.stdout).not.toContain('sleep 500');

      const asked = [WORKSTATION_IMAGE, 'no/such:1', `docker.io/${WORKSTATION_IMAGE}`, 'busybox'];
      expect([...(await presentImages(context, asked)).keys()]).toEqual([asked[0], asked[2]]);
      expect(started.commands.at(-1)).toMatch(/^docker image inspect .*no\/such:1.*busybox$/);
      const checks = await doctor(context);
      expect(checks.find(({ id }) => id === 'docker')).toMatchObject({ status: 'ok' });
      expect(checks.find(({ id }) => id === 'image-0')).toMatchObject({ status: 'ok' });

      // Handed over it is no leftover; its maker is gone, but its record runs.
      expect(await sweep(context)).toEqual([]);
      await docker(['rm', '--force', 'gh-docker-test-workstation']);
      await createRecord(context, wanted, { kindName, maker, createdAt: '' });
      expect(await sweep(context)).toEqual(['docker-test']);
      expect(await findClusters(context)).toEqual([]);
      const networks = await docker(['network', 'ls', '--format', '{{.Name}}']);
      expect(networks.stdout).not.toContain('gh-docker-test');
    } finally {
      await removeCluster(context, { name: wanted.name, kindName });
    }
  },
);

onDocker(`real Docker runs again what was stopped or paused of a cluster${suffix}`, async () => {
  await using started = await startDocker(environment);
  const { context } = started;
  const wanted = spec('rest-test', { nodes: 2 });
  const [name, kindName] = [wanted.name, 'gh-rest-test'];
  const own = `${LABEL.installation}=${context.installation}`;
  const node = async (suffix_: string, role: string): Promise<void> => {
    const labels = [`${KIND_CLUSTER_LABEL}=${kindName}`, `${KIND_ROLE_LABEL}=${role}`];
    const made = await docker([
      ...['run', '--detach', '--name', `${kindName}-${suffix_}`, '--network', kindName],
      ...labels.flatMap((label) => ['--label', label]),
      ...[WORKSTATION_IMAGE, 'sleep', '600'],
    ]);
    expect(made.stderr).toBe('');
  };
  const states = async (): Promise<string[]> =>
    (await listContainers(context.programs))
      .filter((container) => container.name.startsWith(kindName))
      .map(({ name: own_, state }) => `${own_.slice(kindName.length + 1)} ${state}`)
      .toSorted();
  try {
    await context.programs.docker(['network', 'create', '--label', own, kindName]);
    await createRecord(context, wanted, { kindName, maker: newMaker(), createdAt: '' });
    await startWorkstation(context, name);
    await node('control-plane', 'control-plane');
    await node('worker', 'worker');
    expect(await startResting(context, { name, kindName })).toBe(false);
    await docker(['stop', '--time', '0', `${kindName}-control-plane`, `${kindName}-workstation`]);
    await docker(['pause', `${kindName}-worker`]);
    expect(await states()).toEqual(['control-plane exited', 'worker paused', 'workstation exited']);
    // It rests: a server that starts now keeps it.
    expect(await findClusters(context)).toMatchObject([
      { name, isLeftover: false, info: { state: 'ready' } },
    ]);
    expect(await startResting(context, { name, kindName })).toBe(true);
    expect(await states()).toEqual([
      'control-plane running',
      'worker running',
      'workstation running',
    ]);
    await docker(['rm', '--force', `${kindName}-worker`]);
    expect(await findClusters(context)).toMatchObject([{ name, info: { state: 'broken' } }]);
  } finally {
    await removeCluster(context, { name, kindName });
  }
});

test('a Docker that does not run is said to be so, with what to type', async () => {
  const programs = new Programs({
    path: PATH,
    environment: { DOCKER_HOST: 'unix:///nonexistent.sock' },
  });
  const installed = (await programs.try('docker', ['--version'])).exitCode === 0;
  await expect(programs.docker(['ps'])).rejects.toMatchObject({
    code: 'MACHINE_NOT_READY',
    message: installed ? 'Docker is not running' : 'docker is not installed',
    fix: expect.any(String),
  });
});
