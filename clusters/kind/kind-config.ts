import { stringify } from 'yaml';
import type { ClusterSpec } from '../provider.js';

/** The range that the official manifests of Flannel and Canal have written in. */
export const POD_SUBNET = '10.244.0.0/16';
export const SERVICE_SUBNET = '10.96.0.0/16';

/** kind's configuration for a cluster: no network of kind's own, whatever plugin comes (or not) afterwards. */
export function kindConfigOf(
  spec: Pick<ClusterSpec, 'nodes'>,
  options: { mirrors: Readonly<Record<string, readonly string[]>> },
): string {
  const workers = Array.from({ length: spec.nodes - 1 }, () => ({ role: 'worker' }));
  const hasMirrors = Object.keys(options.mirrors).length > 0;
  return stringify({
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    networking: {
      disableDefaultCNI: true,
      podSubnet: POD_SUBNET,
      serviceSubnet: SERVICE_SUBNET,
      apiServerAddress: '127.0.0.1',
    },
    nodes: [{ role: 'control-plane' }, ...workers],
    ...(hasMirrors
      ? {
          containerdConfigPatches: [
            '[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/etc/containerd/certs.d"\n',
          ],
        }
      : {}),
  });
}

/** `hosts.toml` for a registry whose images come from mirrors first; the registry itself stays the last resort. */
export function hostsToml(registry: string, mirrors: readonly string[]): string {
  const server = registry === 'docker.io' ? 'https://registry-1.docker.io' : `https://${registry}`;
  const hosts = mirrors.map(
    (mirror) => `[host."${mirror}"]\n  capabilities = ["pull", "resolve"]\n`,
  );
  return [`server = "${server}"\n`, ...hosts].join('\n');
}
