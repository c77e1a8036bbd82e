import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { startTestServer } from '../test-support/api-client.js';
import type { TestServer } from '../test-support/api-client.js';
import { hasKubectl, runKubectl } from '../test-support/kubectl.js';

const describeWithKubectl = hasKubectl ? describe : describe.skip;

const manifest = (replicas: number, image: string): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: demo}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: nginx, image: "${image}", ports: [{containerPort: 80}]}
`;

describeWithKubectl('with a real kubectl', () => {
  let api: TestServer;
  let file: string;

  beforeAll(async () => {
    api = await startTestServer();
    file = path.join(api.folder, 'web.yaml');
    await kubectl('create', 'namespace', 'demo');
    api.server.api.create('serviceaccounts', {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace: 'demo' },
    });
  });
  afterAll(async () => {
    await api[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    await kubectl('delete', 'deployment', '--all', '-n', 'demo');
  });

  /** What kubectl prints; both outputs, so that warnings are not missed. */
  async function kubectl(...args: string[]): Promise<{ text: string; exitCode: number }> {
    const { exitCode, stdout, stderr } = await runKubectl(api, args);
    return { exitCode, text: `${stdout}${stderr}` };
  }
  const deployment = () => api.server.api.get('deployments.apps', 'web', 'demo');

  test('apply creates, sees no change, and changes only what changed', async () => {
    await writeFile(file, manifest(2, 'nginx:1'));
    expect((await kubectl('apply', '-f', file)).text).toBe('deployment.apps/web created\n');
    const { resourceVersion } = deployment()?.metadata ?? {};
    expect((await kubectl('apply', '-f', file)).text).toBe('deployment.apps/web unchanged\n');
    expect(deployment()?.metadata.resourceVersion).toBe(resourceVersion);
    await kubectl('scale', 'deploy/web', '-n', 'demo', '--replicas=5');
    await writeFile(file, manifest(2, 'nginx:2'));
    expect((await kubectl('diff', '-f', file)).exitCode).toBe(1);
    expect(deployment()).toMatchObject({ spec: { replicas: 5 } });
    expect((await kubectl('apply', '-f', file)).text).toBe('deployment.apps/web configured\n');
    expect(deployment()).toMatchObject({
      spec: { replicas: 2, template: { spec: { containers: [{ image: 'nginx:2' }] } } },
    });
  });

  test('server-side apply tells of conflicts and takes them by force', async () => {
    await writeFile(file, manifest(2, 'nginx:1'));
    await kubectl('apply', '--server-side', '-f', file);
    await writeFile(file, manifest(3, 'nginx:1'));
    const conflict = await kubectl('apply', '--server-side', '--field-manager=ci', '-f', file);
    expect(conflict.exitCode).toBe(1);
    expect(conflict.text).toContain(
      'Apply failed with 1 conflict: conflict with "kubectl": .spec.replicas',
    );
    const forced = await kubectl(
      'apply',
      '--server-side',
      '--field-manager=ci',
      '--force-conflicts',
      '-f',
      file,
    );
    expect(forced.text).toBe('deployment.apps/web serverside-applied\n');
    expect(deployment()).toMatchObject({ spec: { replicas: 3 } });
  });

  test('a mistyped field is refused before anything is written, and so is a dry run', async () => {
    await writeFile(file, manifest(2, 'nginx:1').replace('replicas:', 'replcas:'));
    const refused = await kubectl('apply', '-f', file);
    expect(refused.text).toContain('strict decoding error: unknown field "spec.replcas"');
    await writeFile(file, manifest(2, 'nginx:1'));
    const dry = await kubectl('apply', '--dry-run=server', '-f', file);
    expect(dry.text).toBe('deployment.apps/web created (server dry run)\n');
    expect(deployment()).toBeUndefined();
  });

  test('the commands that write protobuf are understood', async () => {
    expect((await kubectl('create', 'deployment', 'web', '--image=nginx', '-n', 'demo')).text).toBe(
      'deployment.apps/web created\n',
    );
    expect((await kubectl('autoscale', 'deploy/web', '--max=3', '-n', 'demo')).exitCode).toBe(0);
    expect((await kubectl('auth', 'can-i', 'delete', 'pods')).text).toBe('yes\n');
    expect((await kubectl('auth', 'whoami')).text).toContain('kubernetes-admin');
    expect(
      (await kubectl('create', 'token', 'default', '-n', 'demo')).text.split('.'),
    ).toHaveLength(3);
  });

  test('delete waits until the object is gone, whoever holds it', async () => {
    await writeFile(file, manifest(1, 'nginx:1'));
    await kubectl('apply', '-f', file);
    await kubectl(
      'patch',
      'deploy/web',
      '-n',
      'demo',
      '--type=merge',
      '-p',
      '{"metadata":{"finalizers":["example.com/hold"]}}',
    );
    const deleting = kubectl('delete', 'deploy/web', '-n', 'demo');
    const stop = api.server.api.watch('deployments.apps', ({ object }) => {
      if (object.metadata.deletionTimestamp === undefined) return;
      api.server.api.update('deployments.apps', { name: 'web', namespace: 'demo' }, (draft) => {
        draft.metadata.finalizers = [];
      });
    });
    expect(await deleting).toEqual({ exitCode: 0, text: 'deployment.apps "web" deleted\n' });
    stop();
    expect(deployment()).toBeUndefined();
  });

  test('resources and their fields are explained', async () => {
    const { text } = await kubectl('explain', 'networkpolicy.spec.ingress.from.ipBlock.cidr');
    expect(text).toContain('FIELD: cidr <string>');
    expect((await kubectl('api-resources', '-o', 'name')).text.split('\n')).toContain(
      'networkpolicies.networking.k8s.io',
    );
    expect((await kubectl('get', 'foo')).text).toBe(
      'error: the server doesn\'t have a resource type "foo"\n',
    );
  });

  test('a custom resource is there as soon as its definition is established', async () => {
    await writeFile(
      file,
      JSON.stringify({
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: 'widgets.example.com' },
        spec: {
          group: 'example.com',
          scope: 'Cluster',
          names: { plural: 'widgets', kind: 'Widget', shortNames: ['wd'] },
          versions: [
            {
              name: 'v1',
              served: true,
              storage: true,
              schema: {
                openAPIV3Schema: {
                  type: 'object',
                  properties: {
                    spec: { type: 'object', properties: { size: { type: 'integer' } } },
                  },
                },
              },
            },
          ],
        },
      }),
    );
    await kubectl('apply', '-f', file);
    await kubectl(
      'wait',
      '--for=condition=established',
      'crd/widgets.example.com',
      '--timeout=10s',
    );
    await writeFile(
      file,
      'apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 3}\n',
    );
    expect((await kubectl('apply', '-f', file)).text).toBe('widget.example.com/w created\n');
    expect((await kubectl('apply', '-f', file)).text).toBe('widget.example.com/w unchanged\n');
    expect((await kubectl('get', 'wd', 'w', '-o', 'jsonpath={.spec.size}')).text).toBe('3');
    expect((await kubectl('explain', 'widget.spec.size')).text).toContain('FIELD: size <integer>');
  });
});
