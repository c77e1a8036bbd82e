import { createHash } from 'node:crypto';
import { arch, cpus, release, totalmem } from 'node:os';
import { readFileSync } from 'node:fs';
import { VERSION } from '../../../../common/project.js';
import type { ClusterApi } from '../../api/cluster-api.js';
import { nodeAddress, podCidrOf } from '../../network/addresses.js';
import type { NodeObject } from '../../network/objects.js';
import { RUNTIME_NOT_READY } from '../../plugins/node-network.js';
import { timeText } from '../../kubelet/pod-status.js';
import { PODS_PER_NODE } from '../../kubelet/process-limit.js';

/** Node objects with what a kubelet would report of this machine. */

const KUBELET_VERSION = 'v1.32.0';

export function registerNodes(api: ClusterApi, names: readonly string[]): void {
  const now = timeText(api.now());
  for (const [index, name] of names.entries()) {
    const isControlPlane = index === 0;
    api.create<NodeObject>('nodes', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name,
        labels: {
          'beta.kubernetes.io/arch': machineArch(),
          'beta.kubernetes.io/os': 'linux',
          'kubernetes.io/arch': machineArch(),
          'kubernetes.io/hostname': name,
          'kubernetes.io/os': 'linux',
          ...(isControlPlane
            ? {
                'node-role.kubernetes.io/control-plane': '',
                'node.kubernetes.io/exclude-from-external-load-balancers': '',
              }
            : {}),
        },
        annotations: {
          'node.alpha.kubernetes.io/ttl': '0',
          'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
        },
      },
      spec: {
        podCIDR: podCidrOf(index),
        podCIDRs: [podCidrOf(index)],
        // As kubeadm does: nothing of the learner's runs there, unless there is no other node.
        ...(isControlPlane && names.length > 1
          ? { taints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }] }
          : {}),
      },
    });
    api.update<NodeObject>('nodes', { name, subresource: 'status' }, (draft) => {
      draft.status = nodeStatus({ name, index, now });
    });
    createLease(api, name);
  }
}

function createLease(api: ClusterApi, name: string): void {
  if (api.get('leases.coordination.k8s.io', name, 'kube-node-lease') !== undefined) return;
  api.create('leases.coordination.k8s.io', {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace: 'kube-node-lease' },
    spec: {
      holderIdentity: name,
      leaseDurationSeconds: 40,
      renewTime: new Date(api.now()).toISOString().replace('Z', '000Z'),
    },
  });
}

/** Until a network plugin is in charge. */
function notReady(now: string): Condition {
  return {
    type: 'Ready',
    status: 'False',
    lastHeartbeatTime: now,
    lastTransitionTime: now,
    reason: 'KubeletNotReady',
    message: RUNTIME_NOT_READY,
  };
}

type Condition = NonNullable<NonNullable<NodeObject['status']>['conditions']>[number];

function nodeStatus(node: {
  name: string;
  index: number;
  now: string;
}): NonNullable<NodeObject['status']> {
  const { name, index, now } = node;
  const resources = {
    cpu: String(cpus().length),
    'ephemeral-storage': '10Gi',
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    memory: `${Math.floor(totalmem() / 1024)}Ki`,
    pods: String(PODS_PER_NODE),
  };
  const calm = (type: string, reason: string, message: string): Condition => ({
    type,
    status: 'False',
    lastHeartbeatTime: now,
    lastTransitionTime: now,
    reason,
    message,
  });
  const id = createHash('sha256').update(name).digest('hex').slice(0, 32);
  return {
    capacity: resources,
    allocatable: resources,
    conditions: [
      calm(
        'MemoryPressure',
        'KubeletHasSufficientMemory',
        'kubelet has sufficient memory available',
      ),
      calm('DiskPressure', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
      calm('PIDPressure', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
      notReady(now),
    ],
    addresses: [
      { type: 'InternalIP', address: nodeAddress(index) },
      { type: 'Hostname', address: name },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    nodeInfo: {
      machineID: id,
      systemUUID: id,
      bootID: bootId(),
      kernelVersion: release(),
      osImage: osImage(),
      containerRuntimeVersion: `gatehouse://${VERSION}`,
      kubeletVersion: KUBELET_VERSION,
      kubeProxyVersion: KUBELET_VERSION,
      operatingSystem: 'linux',
      architecture: machineArch(),
    },
  };
}

function machineArch(): string {
  const name = arch();
  return name === 'x64' ? 'amd64' : name;
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

function osImage(): string {
  try {
    return (
      /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux'
    );
  } catch {
    return 'Linux';
  }
}
