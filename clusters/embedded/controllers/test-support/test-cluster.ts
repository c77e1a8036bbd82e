import { SILENT } from '../../../../common/logger.js';
import type { Logger } from '../../../../common/logger.js';
import { createLimitRangeAdmission } from '../../api/admission/limit-ranges.js';
import type { ClusterApi, NewObject } from '../../api/cluster-api.js';
import { createClusterApi } from '../../api/create-cluster-api.js';
import type { ClusterApiServerSide } from '../../api/create-cluster-api.js';
import { BUILT_IN_RESOURCES } from '../../api/kinds/index.js';
import { startControllers } from '../index.js';
import type { ControllerOptions, Controllers } from '../index.js';
import type { Pod } from '../objects.js';
import { timestamp } from '../times.js';

/** A real store with real controllers; nodes and a tiny kubelet are the only pretence. */
export interface TestCluster extends Disposable {
  api: ClusterApiServerSide;
  controllers: Controllers;
  /** What a controller reported as a defect. */
  errors: string[];
  /** Resolves when nothing is left to do at this moment. */
  settled(): Promise<void>;
  /** Until `check` gives something; rejects after two seconds. */
  until<T>(check: () => T | undefined | false): Promise<T>;
  /** Messages of the events about an object of this name, oldest first. */
  events(name: string): string[];
  apply(...objects: NewObject[]): void;
}

export interface TestClusterOptions {
  nodes?: number;
  /** Marks bound pods Running and Ready, and ends those that are deleted. Default true. */
  kubelet?: boolean;
  now?: () => number;
  controllers?: Partial<ControllerOptions>;
}

export function startTestCluster(options: TestClusterOptions = {}): TestCluster {
  const errors: string[] = [];
  const report = (message: string, fields?: Record<string, unknown>): void => {
    errors.push(`${message} ${JSON.stringify(fields)}`);
  };
  const logger: Logger = { ...SILENT, error: report };
  const api = createClusterApi({
    resources: BUILT_IN_RESOURCES,
    admission: [createLimitRangeAdmission()],
    logger,
    ...(options.now && { now: options.now }),
  });
  const controllers = startControllers({
    api,
    resources: api.registry,
    caPem: 'test CA',
    server: api,
    logger,
    ...options.controllers,
  });
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease', 'demo']) {
    api.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  for (let i = 0; i < (options.nodes ?? 3); i += 1)
    addNode(api, i === 0 ? 'control' : `worker${i}`);
  const stopKubelet = options.kubelet === false ? undefined : startTinyKubelet(api);

  const settled = async (): Promise<void> => {
    for (let quiet = 0; quiet < 3; quiet += 1) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      if (!controllers.idle) quiet = -1;
    }
  };
  return {
    api,
    controllers,
    errors,
    settled,
    async until(check) {
      const end = Date.now() + 2000;
      for (;;) {
        const found = check();
        if (found !== undefined && found !== false) return found;
        if (Date.now() > end) throw new Error(`not within two seconds: ${String(check)}`);
        await new Promise((resolve) => {
          setTimeout(resolve, 2);
        });
      }
    },
    events: (name) =>
      api
        .list<StoredEvent>('events')
        .filter(({ involvedObject }) => involvedObject.name === name)
        .map(({ reason, message }) => `${reason}: ${message}`),
    apply(...objects) {
      for (const object of objects) api.create(resourceOf(api, object), object);
    },
    [Symbol.dispose]() {
      stopKubelet?.();
      controllers[Symbol.dispose]();
    },
  };
}

interface StoredEvent {
  apiVersion: string;
  kind: string;
  metadata: Pod['metadata'];
  involvedObject: { name: string };
  reason: string;
  message: string;
  [field: string]: unknown;
}

/** The control plane comes with its role and taint, workers with none. */
export function addNode(api: ClusterApi, name: string, spec: Record<string, unknown> = {}): void {
  const isControl = name === 'control';
  api.create('nodes', {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        ...(isControl && { 'node-role.kubernetes.io/control-plane': '' }),
      },
    },
    spec: {
      ...(isControl && {
        taints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }],
      }),
      ...spec,
    },
  });
  setNodeReady(api, name, 'True');
}

export function setNodeReady(
  api: ClusterApi,
  name: string,
  status: 'True' | 'False' | 'Unknown',
): void {
  api.update('nodes', { name, subresource: 'status' }, (draft) => {
    const amounts = { cpu: '2', memory: '4Gi', pods: '110' };
    draft['status'] = {
      addresses: [{ type: 'InternalIP', address: '172.18.0.2' }],
      capacity: amounts,
      allocatable: amounts,
      conditions: [
        { type: 'Ready', status, reason: 'Test', lastTransitionTime: timestamp(api.now()) },
      ],
    };
  });
}

/** As a kubelet that takes no time: pods run and are ready as soon as they are bound. */
function startTinyKubelet(api: ClusterApi): () => void {
  let lastAddress = 0;
  return api.watch<Pod>('pods', ({ type, object }) => {
    if (type === 'DELETED' || (object.spec?.nodeName ?? '') === '') return;
    const { name, namespace = '', uid } = object.metadata;
    if (object.metadata.deletionTimestamp !== undefined) {
      api.delete('pods', { name, namespace, uid, gracePeriodSeconds: 0 });
    } else if ((object.status?.phase ?? 'Pending') === 'Pending') {
      lastAddress += 1;
      setPodStatus(api, object, {
        ready: true,
        podIP: `10.244.${lastAddress >> 8}.${lastAddress & 255}`,
      });
    }
  });
}

/** What a kubelet would report of a pod. */
export function setPodStatus(
  api: ClusterApi,
  pod: Pod,
  change: { phase?: string; ready?: boolean; podIP?: string },
): void {
  const { name, namespace = '' } = pod.metadata;
  api.update<Pod>('pods', { name, namespace, subresource: 'status' }, (draft) => {
    const ready = change.ready === true ? 'True' : 'False';
    const at = timestamp(api.now());
    const others = (draft.status?.conditions ?? []).filter(({ type }) => type !== 'Ready');
    draft.status = {
      ...draft.status,
      phase: change.phase ?? 'Running',
      ...(change.podIP !== undefined && {
        podIP: change.podIP,
        podIPs: [{ ip: change.podIP }],
      }),
      conditions: [...others, { type: 'Ready', status: ready, lastTransitionTime: at }],
    };
  });
}

function resourceOf(api: ClusterApiServerSide, object: NewObject): string {
  const slash = object.apiVersion.indexOf('/');
  const group = slash < 0 ? '' : object.apiVersion.slice(0, slash);
  const found = api.registry
    .all()
    .find(({ definition }) => definition.kind === object.kind && definition.group === group);
  if (found === undefined) throw new Error(`nobody serves ${object.apiVersion} ${object.kind}`);
  return found.name;
}

/** A namespaced object of `demo`, as a learner would write it. */
export function manifest(
  kind: string,
  name: string,
  content: Record<string, unknown> & { apiVersion: string; labels?: Record<string, string> },
): NewObject {
  const { apiVersion, labels, ...rest } = content;
  return {
    apiVersion,
    kind,
    metadata: { name, namespace: 'demo', ...(labels && { labels }) },
    ...rest,
  };
}

/** A pod template with one container. */
export function template(
  labels: Record<string, string>,
  spec: Record<string, unknown> = {},
): { metadata: { labels: Record<string, string> }; spec: Record<string, unknown> } {
  return { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx' }], ...spec } };
}

export function deployment(
  name: string,
  spec: Record<string, unknown> = {},
  podSpec: Record<string, unknown> = {},
): NewObject {
  return manifest('Deployment', name, {
    apiVersion: 'apps/v1',
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: name } },
      template: template({ app: name }, podSpec),
      ...spec,
    },
  });
}
