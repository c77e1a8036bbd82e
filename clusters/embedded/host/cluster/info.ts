import type { ClusterInfo } from '../../../provider.js';
import type { StoredSpec } from './cluster-folder.js';

export function infoOf(
  spec: StoredSpec,
  more: { state: ClusterInfo['state']; createdAt: string; server?: string },
): ClusterInfo {
  const { name, nodes, cni, labels } = spec;
  return { name, provider: 'embedded', nodes, cni, labels, ...more };
}
