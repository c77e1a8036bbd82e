import type { ClusterSpec } from '../../../clusters/provider.js';
import type { JsonObject } from '../../../common/json.js';
import type { ApiClient } from '../api-client.js';
import { median, percentile } from '../numbers.js';

/** Takes one line of the report. */
export type Row = (what: string, value: string, target: string) => void;

export const MAPS = '/api/v1/namespaces/default/configmaps';
export const PODS = '/api/v1/namespaces/default/pods';
export const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };
export const MERGE = { 'content-type': 'application/merge-patch+json' };

export const spec = (name: string): ClusterSpec => ({
  name,
  nodes: 1,
  cni: 'calico',
  nodeShell: false,
  labels: {},
  manifests: [],
});

export const pod = (i: number): JsonObject => ({
  metadata: { name: `pod-${i}`, labels: { app: `app-${i % 10}`, tier: 'backend' } },
  spec: {
    nodeSelector: { nowhere: 'yes' },
    containers: [
      {
        name: 'c',
        image: 'nginx:1.27',
        ports: [{ containerPort: 80 }],
        env: [{ name: 'COLOUR', value: 'blue' }],
        resources: { requests: { cpu: '10m', memory: '16Mi' } },
      },
    ],
  },
});

/** Eight at a time. */
export async function createAll(
  client: ApiClient,
  url: string,
  objects: readonly JsonObject[],
): Promise<void> {
  const rest = [...objects];
  const lane = async (): Promise<void> => {
    for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
      const reply = await client.call('POST', url, { body: JSON.stringify(next) });
      if (reply.status !== 201) throw new Error(reply.body.toString());
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
}

/** How long each of so many runs took, in ms. */
export async function times(count: number, action: () => Promise<unknown>): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < count; i++) {
    const startedAt = performance.now();
    await action();
    found.push(performance.now() - startedAt);
  }
  return found;
}

export const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`;
/** Of times in ms. */
export const spread = (values: readonly number[]): string =>
  `${ms(median(values))} median, ${ms(percentile(values, 0.99))} p99`;
