import { startTestServer, type Answer, type TestServer } from './api-client.js';
import { FakeStreams } from './fake-streams.js';
import { startWebhookServer, type WebhookServer } from './webhook-server.js';

export const WEBHOOKS = '/apis/admissionregistration.k8s.io/v1';
export const MAPS = '/api/v1/namespaces/demo/configmaps';
export const CONFIG_MAPS = {
  apiGroups: [''],
  apiVersions: ['v1'],
  operations: ['CREATE', 'UPDATE', 'DELETE'],
  resources: ['configmaps'],
};
const CLUSTER_IP = '10.96.7.7';

/** An API server, and a webhook behind the Service `hook` of the namespace `demo`: both new for each test. */
class WebhookSuite {
  /** All three from `start` to `end`. */
  streams!: FakeStreams;
  api!: TestServer;
  hooks!: WebhookServer;

  async start(): Promise<void> {
    this.streams = new FakeStreams();
    this.api = await startTestServer({ streams: this.streams });
    this.hooks = await startWebhookServer('hook.demo.svc', '127.0.0.1');
    this.streams.routes.set(`${CLUSTER_IP}:443`, this.hooks.port);
    this.streams.routes.set('127.0.0.1:8443', this.hooks.port);
    const body = { metadata: { name: 'demo', labels: { env: 'prod' } } };
    await this.api.call('POST', '/api/v1/namespaces', { body });
    await this.api.call('POST', '/api/v1/namespaces/demo/services', {
      body: {
        metadata: { name: 'hook' },
        spec: { clusterIP: CLUSTER_IP, ports: [{ port: 443 }] },
      },
    });
  }

  async end(): Promise<void> {
    await this.api[Symbol.asyncDispose]();
    await this.hooks[Symbol.asyncDispose]();
    await this.streams[Symbol.asyncDispose]();
  }

  /** One webhook behind the Service, asked about config maps at `/<name>`. */
  webhook(name: string, changes: object = {}): object {
    return {
      name: `${name}.example.com`,
      clientConfig: {
        service: { name: 'hook', namespace: 'demo', path: `/${name}` },
        caBundle: this.hooks.caBundle,
      },
      rules: [CONFIG_MAPS],
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      ...changes,
    };
  }

  register(sort: 'validating' | 'mutating', ...webhooks: object[]): Promise<Answer> {
    return this.api.call('POST', `${WEBHOOKS}/${sort}webhookconfigurations`, {
      body: { metadata: { name: sort }, webhooks },
    });
  }

  /** Creates a config map. */
  create(name: string, rest: object = {}, query = ''): Promise<Answer> {
    return this.api.call('POST', `${MAPS}${query}`, { body: { metadata: { name }, ...rest } });
  }

  /** Where webhooks were asked so far. */
  get paths(): string[] {
    return this.hooks.asked.map(({ path }) => path);
  }
}

/** For a test file: made and ended around each of its tests. */
export function webhookSuite(): WebhookSuite {
  const suite = new WebhookSuite();
  beforeEach(() => suite.start());
  afterEach(() => suite.end());
  return suite;
}

export const messageOf = (answer: Answer): unknown => Reflect.get(Object(answer.json), 'message');
export const dataOf = (answer: Answer): unknown => Reflect.get(Object(answer.json), 'data');
/** A JSON patch's operation on a config map's data. */
export const add = (key: string, value: string): object => ({
  op: 'add',
  path: `/data/${key}`,
  value,
});
