import { refusal } from '../kinds/test-support/small-cluster.js';
import { schemaCatalogue } from './index.js';

/** Bodies as kubectl 1.32 sends them. */
const SENT = {
  'create deployment web --image=nginx --replicas=2 --port=80':
    'azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50ErgBCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEoYB' +
    'CAISDAoKCgNhcHASA3dlYhpsChwKABIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEkwSLgoFbmdpbngSBW5naW54' +
    'KgAyCgoAEAAYUCIAKgBCAGoAcgCAAQCIAQCQAQCiAQAaADIAQgBKAFIAWABgAGgAggEAigEAmgEAwgEAIgIKACgA' +
    'OAAaDAgAEAAYACAAKAA4ABoAIgA=',
  'create namespace team-a':
    'azhzAAoPCgJ2MRIJTmFtZXNwYWNlEh4KFgoGdGVhbS1hEgAaACIAKgAyADgAQgASABoCCgAaACIA',
  'create service nodeport s --tcp=80:8080 --node-port=30080':
    'azhzAAoNCgJ2MRIHU2VydmljZRJkChsKAXMSABoAIgAqADIAOABCAFoICgNhcHASAXMSQQodCgc4MC04MDgwEgNU' +
    'Q1AYUCIHCAAQkD8aACiA6wESCAoDYXBwEgFzGgAiCE5vZGVQb3J0OgBCAFIAWgBgAGgAGgIKABoAIgA=',
  'create secret generic s --from-literal=a=b':
    'azhzAAoMCgJ2MRIGU2VjcmV0Eh0KEQoBcxIAGgAiACoAMgA4AEIAEgYKAWESAWIaABoAIgA=',
  'create ingress i --rule="a.b/x*=svc:80,tls=sec" --class=c':
    'azhzAAofChRuZXR3b3JraW5nLms4cy5pby92MRIHSW5ncmVzcxJQChEKAWkSABoAIgAqADIAOABCABI3EgoKA2Eu' +
    'YhIDc2VjGiYKA2EuYhIfCh0KGwoCL3gSDSILCgNzdmMSBAoAEFAaBlByZWZpeCIBYxoCCgAaACIA',
  'create pdb p --selector=a=b --min-available=50%':
    'azhzAAogCglwb2xpY3kvdjESE1BvZERpc3J1cHRpb25CdWRnZXQSNgoRCgFwEgAaACIAKgAyADgAQgASFQoJCAEQ' +
    'ABoDNTAlEggKBgoBYRIBYhoKCAAYACAAKAAwABoAIgA=',
} as const;

function decode(command: keyof typeof SENT): unknown {
  return schemaCatalogue.decodeProtobuf(Buffer.from(SENT[command], 'base64'));
}

const ENVELOPE = Buffer.from('k8s\0', 'latin1');

/** A length-delimited field. */
function part(field: number, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([(field << 3) | 2, bytes.length]), bytes]);
}

function envelope(apiVersion: string, kind: string, message: Buffer): Buffer {
  const type = Buffer.concat([part(1, apiVersion), part(2, kind)]);
  return Buffer.concat([ENVELOPE, part(1, type), part(2, message)]);
}

test('a deployment reads as if it had come as JSON, without the zeros that Go writes', () => {
  expect(decode('create deployment web --image=nginx --replicas=2 --port=80')).toEqual({
    kind: 'Deployment',
    apiVersion: 'apps/v1',
    metadata: { name: 'web', labels: { app: 'web' } },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'nginx', image: 'nginx', ports: [{ containerPort: 80 }] }] },
      },
    },
  });
});

test('empty structs that are no pointers vanish', () => {
  expect(decode('create namespace team-a')).toEqual({
    kind: 'Namespace',
    apiVersion: 'v1',
    metadata: { name: 'team-a' },
  });
});

test('numbers, names and numbers-or-names are told apart', () => {
  expect(decode('create service nodeport s --tcp=80:8080 --node-port=30080')).toMatchObject({
    spec: {
      ports: [{ name: '80-8080', protocol: 'TCP', port: 80, targetPort: 8080, nodePort: 30080 }],
    },
  });
  expect(decode('create pdb p --selector=a=b --min-available=50%')).toMatchObject({
    spec: { minAvailable: '50%' },
  });
});

test('bytes become base64', () => {
  expect(decode('create secret generic s --from-literal=a=b')).toMatchObject({
    data: { a: 'Yg==' },
  });
});

test('an ingress keeps its rules, certificates and class', () => {
  expect(decode('create ingress i --rule="a.b/x*=svc:80,tls=sec" --class=c')).toMatchObject({
    spec: {
      ingressClassName: 'c',
      tls: [{ hosts: ['a.b'], secretName: 'sec' }],
      rules: [
        {
          host: 'a.b',
          http: {
            paths: [
              {
                path: '/x',
                pathType: 'Prefix',
                backend: { service: { name: 'svc', port: { number: 80 } } },
              },
            ],
          },
        },
      ],
    },
  });
});

test('a zero behind a pointer and an empty struct behind a pointer are kept', () => {
  const replicas = Buffer.from([(1 << 3) | 0, 0]);
  const emptyDir = part(1, part(2, Buffer.concat([part(1, 'v'), part(2, part(2, ''))])));
  const podSpec = Buffer.concat([emptyDir.subarray(2)]);
  const deployment = part(
    2,
    Buffer.concat([replicas, part(3, part(2, part(1, podSpec.subarray(2))))]),
  );
  expect(
    schemaCatalogue.decodeProtobuf(envelope('apps/v1', 'Deployment', deployment)),
  ).toMatchObject({
    spec: { replicas: 0, template: { spec: { volumes: [{ name: 'v', emptyDir: {} }] } } },
  });
});

test('inner messages that JSON does not show land in the object around them', () => {
  const reference = Buffer.concat([
    part(1, part(1, 'settings')),
    part(2, 'key'),
    Buffer.from([(3 << 3) | 0, 0]),
  ]);
  const env = part(7, Buffer.concat([part(1, 'A'), part(3, part(3, reference))]));
  const pod = part(2, part(2, env));
  expect(schemaCatalogue.decodeProtobuf(envelope('v1', 'Pod', pod))).toMatchObject({
    spec: {
      containers: [
        {
          env: [
            {
              name: 'A',
              valueFrom: { configMapKeyRef: { name: 'settings', key: 'key', optional: false } },
            },
          ],
        },
      ],
    },
  });
});

test('what is no protobuf, or ends early, is a bad request', () => {
  expect(() => schemaCatalogue.decodeProtobuf(Buffer.from('{}'))).toThrow(
    'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]',
  );
  const cut = envelope('v1', 'Pod', part(2, 'xxxxxxxx')).subarray(0, -4);
  expect(refusal(() => schemaCatalogue.decodeProtobuf(cut))).toMatchObject({ code: 400 });
});

test('an unknown kind is named', () => {
  expect(() => schemaCatalogue.decodeProtobuf(envelope('v9', 'Thing', Buffer.alloc(0)))).toThrow(
    'no kind "Thing" is registered for version "v9" in scheme',
  );
});
