import type { JsonObject } from '../../../../common/json.js';
import { refusal } from '../kinds/test-support/small-cluster.js';
import { schemaCatalogue } from './index.js';

function decode(kind: string, rest: JsonObject): { object: JsonObject; unknownFields: string[] } {
  const [group = '', version = '', name = ''] = kind.split('/');
  const apiVersion = group === '' ? version : `${group}/${version}`;
  const typeName = schemaCatalogue.typeOf(group, version, name)!;
  const { object, unknownFields } = schemaCatalogue.decode(
    { apiVersion, kind: name, ...rest },
    typeName,
  );
  return { object: object as unknown as JsonObject, unknownFields };
}

const POLICY = 'networking.k8s.io/v1/NetworkPolicy';
const DEPLOYMENT = 'apps/v1/Deployment';

describe('a document is read as Go reads it and writes it again', () => {
  test('nulls and empty optional values vanish', () => {
    const { object } = decode(POLICY, {
      metadata: { name: 'a', labels: {}, annotations: null },
      spec: { podSelector: {}, egress: [], ingress: null },
    });
    expect(object).toEqual({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'a' },
      spec: { podSelector: {} },
    });
  });

  test('zeros vanish unless a pointer is behind them', () => {
    const { object } = decode(DEPLOYMENT, {
      spec: { replicas: 0, paused: false, minReadySeconds: 0 },
    });
    expect(object['spec']).toMatchObject({ replicas: 0 });
    expect(object['spec']).not.toHaveProperty('paused');
    expect(object['spec']).not.toHaveProperty('minReadySeconds');
  });

  test('structs that are no pointers are always there', () => {
    const { object } = decode(DEPLOYMENT, {
      spec: { template: { spec: { containers: [{ name: 'c' }] } } },
    });
    expect(object).toMatchObject({
      metadata: {},
      status: {},
      spec: {
        strategy: {},
        template: { metadata: {}, spec: { containers: [{ name: 'c', resources: {} }] } },
      },
    });
  });

  test('quantities take their canonical form, numbers included', () => {
    const { object } = decode('/v1/ResourceQuota', {
      spec: { hard: { cpu: 0.5, memory: '1024Mi', pods: 10 } },
    });
    expect(object['spec']).toEqual({ hard: { cpu: '500m', memory: '1Gi', pods: '10' } });
  });

  test('times become UTC, with or without parts of a second', () => {
    const { object } = decode('coordination.k8s.io/v1/Lease', {
      metadata: { name: 'l', creationTimestamp: '2026-01-01T01:00:00.5+01:00' },
      spec: { renewTime: '2026-01-01T00:00:00.1234567Z' },
    });
    expect(object).toMatchObject({
      metadata: { creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: { renewTime: '2026-01-01T00:00:00.123456Z' },
    });
  });

  test('anything goes where the type says so', () => {
    const { object, unknownFields } = decode('apps/v1/ControllerRevision', {
      revision: 1,
      data: { a: { b: null } },
    });
    expect(object['data']).toEqual({ a: { b: null } });
    expect(unknownFields).toEqual([]);
  });
});

test('unknown fields are left out and told by path, in the order they stand', () => {
  const { object, unknownFields } = decode(DEPLOYMENT, {
    spec: {
      foo: 1,
      template: { spec: { containers: [{ name: 'a' }, { name: 'b', imag: 'x' }] } },
    },
    extra: true,
  });
  expect(unknownFields).toEqual(['spec.foo', 'spec.template.spec.containers[1].imag', 'extra']);
  expect(object['spec']).not.toHaveProperty('foo');
});

describe('a value of a wrong type refuses the document in Go’s words', () => {
  const json = (kind: string, what: string): string =>
    `${kind} in version "v1" cannot be handled as a ${kind}: json: cannot unmarshal ${what}`;

  test.each<[string, string, JsonObject, string]>([
    [
      'a number of replicas in words',
      DEPLOYMENT,
      { spec: { replicas: 'two' } },
      json('Deployment', 'string into Go struct field DeploymentSpec.spec.replicas of type int32'),
    ],
    [
      'half a replica',
      DEPLOYMENT,
      { spec: { replicas: 1.5 } },
      json(
        'Deployment',
        'number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
      ),
    ],
    [
      'a number too large',
      DEPLOYMENT,
      { spec: { replicas: 3000000000 } },
      json(
        'Deployment',
        'number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32',
      ),
    ],
    [
      'a number as the value of a label',
      DEPLOYMENT,
      { metadata: { labels: { version: 1 } } },
      json('Deployment', 'number into Go struct field ObjectMeta.metadata.labels of type string'),
    ],
    [
      'a boolean as the value of a variable',
      '/v1/Pod',
      { spec: { containers: [{ name: 'c', env: [{ name: 'A', value: true }] }] } },
      json('Pod', 'bool into Go struct field EnvVar.spec.containers.env.value of type string'),
    ],
    [
      'one word for a list of commands',
      '/v1/Pod',
      { spec: { containers: [{ name: 'c', command: 'sleep 1' }] } },
      json('Pod', 'string into Go struct field Container.spec.containers.command of type []string'),
    ],
    [
      'a list for a struct',
      POLICY,
      { spec: { podSelector: [] } },
      json(
        'NetworkPolicy',
        'array into Go struct field NetworkPolicySpec.spec.podSelector of type v1.LabelSelector',
      ),
    ],
    [
      'an object for a list',
      POLICY,
      { spec: { ingress: { from: [] } } },
      json(
        'NetworkPolicy',
        'object into Go struct field NetworkPolicySpec.spec.ingress of type []v1.NetworkPolicyIngressRule',
      ),
    ],
    [
      'a word for a list of types',
      POLICY,
      { spec: { policyTypes: 'Ingress' } },
      json(
        'NetworkPolicy',
        'string into Go struct field NetworkPolicySpec.spec.policyTypes of type []v1.PolicyType',
      ),
    ],
    [
      'a number as a protocol',
      POLICY,
      { spec: { ingress: [{ ports: [{ protocol: 6 }] }] } },
      json(
        'NetworkPolicy',
        'number into Go struct field NetworkPolicyPort.spec.ingress.ports.protocol of type v1.Protocol',
      ),
    ],
    [
      'a boolean as a port',
      POLICY,
      { spec: { ingress: [{ ports: [{ port: true }] }] } },
      json(
        'NetworkPolicy',
        'bool into Go struct field NetworkPolicyPort.spec.ingress.ports.port of type int32',
      ),
    ],
    [
      'a list of labels',
      '/v1/Service',
      { spec: { selector: ['app'] } },
      json(
        'Service',
        'array into Go struct field ServiceSpec.spec.selector of type map[string]string',
      ),
    ],
  ])('%s', (...[, kind, rest, message]) => {
    expect(refusal(() => decode(kind, rest))).toEqual({ code: 400, message });
  });

  test('the first of several is told', () => {
    expect(() => decode(DEPLOYMENT, { metadata: { name: 1 }, spec: { replicas: 'x' } })).toThrow(
      /ObjectMeta\.metadata\.name of type string$/,
    );
  });

  test.each([
    [
      '/v1/Secret',
      { data: { k: '!!' } },
      'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 0',
    ],
    [
      '/v1/Secret',
      { data: { k: 'YQ' } },
      'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 0',
    ],
    [
      '/v1/Secret',
      { data: { k: 'YWJj!' } },
      'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 4',
    ],
    [
      '/v1/ResourceQuota',
      { spec: { hard: { cpu: 'lots' } } },
      'ResourceQuota in version "v1" cannot be handled as a ResourceQuota: quantities must match the regular expression \'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$\'',
    ],
    [
      '/v1/Pod',
      { metadata: { creationTimestamp: 'yesterday' } },
      'Pod in version "v1" cannot be handled as a Pod: parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
    ],
  ] satisfies [string, JsonObject, string][])('%s %j', (kind, rest, message) => {
    expect(refusal(() => decode(kind, rest))).toEqual({ code: 400, message });
  });
});

test('good base64 is kept', () => {
  expect(
    decode('/v1/Secret', { data: { a: 'YQ==', b: 'YWJj', c: 'YWI=' } }).object['data'],
  ).toEqual({
    a: 'YQ==',
    b: 'YWJj',
    c: 'YWI=',
  });
});
