import path from 'node:path';
import { z } from 'zod';
import { readSettingsFile } from '../client/settings-file.js';

/** `existing.yaml` in the state folder. Every setting has a default: the file may be absent. */
export const ExistingSettings = z.strictObject({
  /** A kubeconfig file; unless given, what kubectl would take: KUBECONFIG, else `~/.kube/config`. */
  kubeconfig: z.string().min(1).optional(),
  /** A context of it; unless given, the current one at the time of each start. */
  context: z.string().min(1).optional(),
  /** The learner's workstation: needs bash, tar and kubectl. */
  workstationImage: z.string().min(1).default('alpine/k8s:1.33.4'),
  /** Put beside a learner's pod to send packets from its network: needs `/agnhost connect` and a shell. */
  proberImage: z.string().min(1).default('registry.k8s.io/e2e-test-images/agnhost:2.53'),
  /** What one namespace of a learner's may hold, as a ResourceQuota says it. */
  quota: z
    .record(z.string(), z.string())
    .default({ pods: '50', 'services.loadbalancers': '0', 'services.nodeports': '0' }),
  /** What pods in a learner's namespaces may ask for: a privileged one reaches the nodes that others use. */
  podSecurity: z.enum(['privileged', 'baseline', 'restricted']).default('baseline'),
  readyTimeoutSeconds: z.number().min(5).default(180),
  /** Learners have pods in this cluster's network. Lets people from elsewhere have them all the same. */
  allowStrangers: z.boolean().default(false),
});
export type ExistingSettings = z.infer<typeof ExistingSettings>;

export function readExistingSettings(stateDir: string): ExistingSettings {
  return readSettingsFile(path.join(stateDir, 'existing.yaml'), ExistingSettings);
}
