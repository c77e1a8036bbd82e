import path from 'node:path';
import { GatehouseError } from '../../common/errors.js';
import type { Cni } from '../provider.js';
import type { KindContext } from './context.js';
import { nodeNames } from './records.js';
import { PLUGINS, pluginManifest } from './plugins.js';

/** Puts a network plugin into a cluster: standard programs where it needs them, then its manifest. */
export async function installPlugin(
  context: KindContext,
  cluster: { kindName: string; kubeconfig: string },
  plugin: { cni: Exclude<Cni, 'none'>; signal?: AbortSignal },
): Promise<void> {
  const { cni } = plugin;
  const signal = plugin.signal === undefined ? {} : { signal: plugin.signal };
  const manifest = await pluginManifest(context, cni, plugin.signal);
  await installPrograms(context, cluster.kindName, { cni, ...signal });
  await context.programs.run(
    'kubectl',
    [
      ...['--kubeconfig', cluster.kubeconfig],
      ...['apply', '--server-side', '--force-conflicts', '--filename', manifest.file],
    ],
    { timeoutMs: 120_000, ...signal },
  );
}

async function installPrograms(
  context: KindContext,
  kindName: string,
  { cni, signal }: { cni: Exclude<Cni, 'none'>; signal?: AbortSignal },
): Promise<void> {
  const with_ = signal === undefined ? {} : { signal };
  const { needsPrograms } = PLUGINS[cni];
  const { cniProgramsDir } = context.settings;
  if (needsPrograms.length === 0) return;
  for (const node of await nodeNames(context, kindName)) {
    for (const program of needsPrograms) {
      const at = `/opt/cni/bin/${program}`;
      const look = await context.programs.try('docker', ['exec', node, 'test', '-x', at], with_);
      if (look.exitCode === 0) continue;
      if (cniProgramsDir === undefined) {
        throw new GatehouseError(
          'MACHINE_NOT_READY',
          `${cni} needs the CNI program "${program}", which kind's nodes lack`,
          {
            fix: 'mkdir -p /opt/cni/bin && curl --fail --location https://github.com/containernetworking/plugins/releases/download/v1.6.2/cni-plugins-linux-amd64-v1.6.2.tgz | tar -xz -C /opt/cni/bin   # then in kind.yaml: cniProgramsDir: /opt/cni/bin',
          },
        );
      }
      const own = path.join(cniProgramsDir, program);
      await context.programs.docker(['cp', '--follow-link', own, `${node}:${at}`], with_);
    }
  }
}
