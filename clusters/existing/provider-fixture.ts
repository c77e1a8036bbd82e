import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createTempFolder } from '../../system/temp-folder.js';
import {
  createEmbeddedUnderTest,
  type EmbeddedUnderTest,
} from '../../test/support/embedded-provider.js';
import { kubectl, type ProviderUnderTest } from '../provider.contract.js';
import type { Cluster, ClusterProvider, Cni } from '../provider.js';
import { createExistingProvider } from './provider.js';
import { ExistingSettings } from './settings.js';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** For tests: the provider over an embedded cluster, which it knows by nothing but its kubeconfig. */
export interface ExistingUnderTest extends ProviderUnderTest {
  /** The cluster underneath. */
  ground: Cluster;
  /** Its provider. */
  embedded: EmbeddedUnderTest;
  stateDir: string;
  /** The operator's kubeconfig file. */
  kubeconfig: string;
  commands: string[];
}

export async function createExistingUnderTest(
  own: Partial<ExistingSettings> = {},
  cni: Cni = 'calico',
): Promise<ExistingUnderTest> {
  const folder = await createTempFolder('existing');
  const embedded = await createEmbeddedUnderTest();
  const ground = await embedded.provider.create({
    name: 'ground',
    nodes: 2,
    cni,
    manifests: [],
    nodeShell: false,
    labels: {},
  });
  const kubeconfig = path.join(folder.path, 'kubeconfig');
  writeFileSync(kubeconfig, await ground.kubeconfig('learner'), { mode: 0o600 });
  const stateDir = path.join(folder.path, 'state');
  mkdirSync(stateDir);
  const commands: string[] = [];
  const made: ClusterProvider[] = [];
  const open = (): ClusterProvider => {
    const provider = createExistingProvider({
      stateDir,
      environment: { PATH, HOME: folder.path },
      settings: ExistingSettings.parse({ kubeconfig, ...own }),
      onCommand: (line) => commands.push(line),
    });
    made.push(provider);
    return provider;
  };
  return {
    ground,
    embedded,
    stateDir,
    kubeconfig,
    commands,
    provider: open(),
    another: open,
    async leftovers(except = []) {
      const { stdout } = await kubectl(ground, 'platform', [
        ...['get', 'namespaces,clusterroles,clusterrolebindings', '-o', 'name'],
        ...['-l', 'gatehouse.dev/cluster'],
      ]);
      const labels = except.map((name) => `/gatehouse-${name}`);
      return stdout
        .split('\n')
        .filter((line) => line !== '' && !labels.some((label) => line.endsWith(label)))
        .filter((line) => !(except.includes('shared') && line === 'namespace/shop'));
    },
    async [Symbol.asyncDispose]() {
      for (const provider of made) await provider[Symbol.asyncDispose]();
      await ground[Symbol.asyncDispose]();
      await embedded[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
