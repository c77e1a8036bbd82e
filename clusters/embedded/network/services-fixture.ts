/** For tests: the cluster of `services.cluster.test.ts`, two pods behind Services of every kind. */
import type { JsonObject } from '../../../common/json.js';

export const [NODE_1, NODE_2, WORKSTATION] = ['172.30.0.12', '172.30.0.13', '172.30.0.100'];
export const BALANCER = '172.30.255.77';
/** Routed to nobody: only kube-proxy makes something of it. */
export const FOREIGN_ADDRESS = '203.0.113.200';

interface ServerOptions {
  node: string;
  http: number;
  udp: number;
  labels?: Record<string, string>;
  ready?: boolean;
}

/** A pod that says its name over HTTP and UDP. Its ports have the same names everywhere, and numbers of their own. */
export const server = (name: string, options: ServerOptions): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'svc', labels: { app: name, ...options.labels } },
  spec: {
    terminationGracePeriodSeconds: 0,
    nodeName: options.node,
    containers: [
      {
        name: 'c',
        image: 'registry.k8s.io/e2e-test-images/agnhost:2.53',
        args: ['netexec', `--http-port=${options.http}`, `--udp-port=${options.udp}`],
        ports: [
          { name: 'http', containerPort: options.http },
          { name: 'chat', containerPort: options.udp, protocol: 'UDP' },
        ],
        ...(options.ready === false
          ? { readinessProbe: { exec: { command: ['false'] }, periodSeconds: 1 } }
          : {}),
      },
    ],
  },
});

export const HTTP = { name: 'http', port: 80, targetPort: 'http' };
const CHAT = { name: 'chat', port: 81, targetPort: 'chat', protocol: 'UDP' };
export const [NEAR, FAR, WEB] = [{ app: 'near' }, { app: 'far' }, { group: 'web' }];

export const service = (name: string, spec: JsonObject): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'svc' },
  spec: { ports: [HTTP, CHAT], ...spec },
});

/** A slice that a person wrote. */
const slice = (name: string, content: JsonObject): JsonObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name, namespace: 'svc', labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv4',
  ...content,
});

/** Ports of a Service whose node ports are these two. */
export const nodePorts = (http: number, chat: number): JsonObject[] => [
  { ...HTTP, nodePort: http },
  { ...CHAT, nodePort: chat },
];

export const MANIFESTS: JsonObject[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'svc' } },
  server('near', { node: 'worker-1', http: 8080, udp: 8081, labels: WEB }),
  server('far', { node: 'worker-2', http: 9090, udp: 9091, labels: WEB }),
  server('client', { node: 'worker-2', http: 8080, udp: 8081 }),
  service('web', { selector: WEB }),
  service('near', { selector: NEAR }),
  service('empty', {
    selector: { app: 'nobody' },
    type: 'NodePort',
    ports: nodePorts(30100, 30101),
  }),
  service('unready', { selector: { app: 'unready' } }),
  service('published', { selector: { app: 'unready' }, publishNotReadyAddresses: true }),
  service('at-home', { selector: NEAR, internalTrafficPolicy: 'Local' }),
  service('anywhere', { selector: NEAR, type: 'NodePort', ports: nodePorts(30110, 30111) }),
  service('here', {
    selector: NEAR,
    type: 'NodePort',
    externalTrafficPolicy: 'Local',
    ports: nodePorts(30120, 30121),
  }),
  service('empty-here', {
    selector: { app: 'nobody' },
    type: 'NodePort',
    externalTrafficPolicy: 'Local',
    ports: nodePorts(30130, 30131),
  }),
  service('fenced', {
    selector: WEB,
    type: 'LoadBalancer',
    loadBalancerSourceRanges: ['198.51.100.0/25', '10.244.1.0/24'],
    loadBalancerIP: BALANCER,
    ports: nodePorts(30140, 30141),
  }),
  service('balanced-here', {
    selector: FAR,
    type: 'LoadBalancer',
    externalTrafficPolicy: 'Local',
  }),
  service('external', {
    selector: NEAR,
    externalIPs: [NODE_2, FOREIGN_ADDRESS],
    ports: [{ name: 'http', port: 8000, targetPort: 'http' }],
  }),
  service('by-hand', { type: 'NodePort', ports: [{ port: 80, nodePort: 30150 }] }),
  slice('by-hand', { ports: [{ port: 80 }], endpoints: [{ addresses: ['192.0.2.10'] }] }),
  // What the API takes and no address of a cluster can be must not cost the others their rules.
  service('odd', { externalIPs: ['2001:db8::1'] }),
  slice('odd', {
    ports: [{ name: 'http', port: 70_000 }],
    endpoints: [{ addresses: ['192.0.2.10'] }],
  }),
  service('sticky', { selector: WEB, sessionAffinity: 'ClientIP' }),
];
