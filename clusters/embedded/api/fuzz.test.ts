import fc from 'fast-check';
import type { JsonObject } from '../../../common/json.js';
import { SILENT } from '../../../common/logger.js';
import { ApiError } from './api-error.js';
import { applyConfiguration, checkDeclared } from './apply/server-side-apply.js';
import { valuesAtPath } from './crd/json-path.js';
import { parseYaml, readDocument } from './http/documents.js';
import { goJsonError } from './json/go-json.js';
import { PODS } from './kinds/core/pods.js';
import { parseQuantity } from './kinds/quantity.js';
import { applyJsonPatch } from './patch/json-patch.js';
import { mergePatch } from './patch/merge-patch.js';
import { strategicMerge } from './patch/strategic-merge.js';
import { schemaCatalogue } from './schema/index.js';
import { parseFieldSelector } from './selectors/field-selector.js';
import { parseLabelSelector } from './selectors/label-selector.js';
import { startTestServer } from './test-support/api-client.js';
import { evilObject } from './test-support/evil-json.js';
import { definitionNode } from './typed/definition-node.js';

const POD = definitionNode(schemaCatalogue, PODS);
const RUNS = { numRuns: 300 };

/** JSON with something put in its place somewhere. */
const broken = fc
  .tuple(evilObject, fc.nat(), fc.string({ maxLength: 3 }))
  .map(([body, at, extra]) => {
    const cut = at % (body.length + 1);
    return body.slice(0, cut) + extra + body.slice(cut + extra.length);
  });

/** Whatever it makes of it: a refusal is an answer, anything else that is thrown is a bug. */
function survives<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    expect(error.code).toBeGreaterThanOrEqual(400);
    expect(error.reason).not.toBe('InternalError');
    return undefined;
  }
}

const parse = (text: string): JsonObject => JSON.parse(text) as JsonObject;
/** Text in its order of keys, own `__proto__` included. */
const text = (value: unknown): string => JSON.stringify(value);

afterEach(() => {
  // Nothing of what came from outside is on every object.
  for (const key in {}) throw new Error(`every object has ${key} now`);
  expect(Object.keys(Object.prototype)).toEqual([]);
});

test('the decoder gives an object or a refusal for whatever comes', () => {
  fc.assert(
    fc.property(evilObject, (body) => {
      survives(() => schemaCatalogue.decode(parse(body), 'io.k8s.api.core.v1.Pod'));
      survives(() => schemaCatalogue.decode(parse(body), 'io.k8s.api.core.v1.ConfigMap'));
    }),
    RUNS,
  );
});

test('bytes that are no protobuf are refused', () => {
  const prefix = Buffer.from('k8s\0');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, marked) => {
      const body = marked ? Buffer.concat([prefix, bytes]) : Buffer.from(bytes);
      survives(() => schemaCatalogue.decodeProtobuf(body));
    }),
    RUNS,
  );
});

test('texts that are no JSON and no YAML are refused, also those with a quarter of a million brackets', () => {
  const expected = { kind: 'Pod', catalogue: schemaCatalogue, strict: true };
  const read = (body: string, type: string): void => {
    survives(() => readDocument(Buffer.from(body), type, expected));
  };
  fc.assert(
    fc.property(broken, (body) => {
      read(body, 'application/json');
      read(body, 'application/yaml');
      survives(() => parseYaml(body));
      expect(typeof goJsonError(body)).toBe('string');
    }),
    RUNS,
  );
  const deep = (open: string, close: string, middle: string): string =>
    open.repeat(250_000) + middle + close.repeat(250_000);
  read(deep('[', ']', ''), 'application/json');
  read(deep('{"a":', '}', '1'), 'application/json');
  read(deep('[', '', ''), 'application/yaml');
  read('- '.repeat(250_000) + 'a', 'application/yaml');
  read('&a [*a,*a]', 'application/yaml');
});

test('a merge patch does as the standard says with any key, and changes neither side', () => {
  fc.assert(
    fc.property(evilObject, evilObject, (target, patch) => {
      const [from, by] = [parse(target), parse(patch)];
      const before = [text(from), text(by)];
      expect(entriesOf(mergePatch(from, by))).toEqual(
        mergedEntries(entriesOf(from), entriesOf(by)),
      );
      expect([text(from), text(by)]).toEqual(before);
    }),
    RUNS,
  );
});

test('a strategic patch and a JSON patch give an object or a refusal, and change neither side', () => {
  const operation = fc.record({
    op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'nonsense'),
    path: fc.oneof(
      fc.constantFrom(
        '',
        '/',
        '/metadata/labels',
        '/__proto__/x',
        '/constructor/prototype/x',
        '/spec/containers/-',
        '/spec/containers/0/name',
        '/~2',
        'x',
      ),
      fc.string(),
    ),
    from: fc.constantFrom('/metadata', '/spec/containers/0', '/__proto__', 'x'),
    value: evilObject.map(parse),
  });
  fc.assert(
    fc.property(
      evilObject,
      evilObject,
      fc.array(operation, { maxLength: 4 }),
      (target, patch, operations) => {
        const [from, by] = [parse(target), parse(patch)];
        const before = [text(from), text(by), text(operations)];
        survives(() => strategicMerge(from, by, POD));
        survives(() => applyJsonPatch(from, operations));
        survives(() => applyJsonPatch(from, by));
        expect([text(from), text(by), text(operations)]).toEqual(before);
      },
    ),
    RUNS,
  );
});

test('a configuration to apply gives an object or a refusal', () => {
  fc.assert(
    fc.property(evilObject, (body) => {
      const config = parse(body);
      survives(() => {
        checkDeclared(config, POD, 'demo/x');
        return applyConfiguration(undefined, {
          config,
          node: POD,
          manager: 'm',
          apiVersion: 'v1',
          subresource: undefined,
          force: false,
          time: '2024-01-01T00:00:00Z',
        });
      });
    }),
    RUNS,
  );
});

test('selectors, paths and quantities take any text', () => {
  const pieces = fc
    .array(
      fc.constantFrom(
        'a',
        'b.c/d',
        ' in ',
        ' notin ',
        '(',
        ')',
        ',',
        '=',
        '==',
        '!=',
        '!',
        '>',
        '<',
        ' ',
        '"',
        '\\',
        '[?(@.a==',
        '[*]',
        '..',
        '1e9',
        'Ki',
        '-',
        '.',
        '\u0000',
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.oneof(pieces, fc.string()), (input) => {
      const matcher = survives(() => parseLabelSelector(input));
      expect(typeof (matcher?.({ a: '1', __proto__: '2' }) ?? true)).toBe('boolean');
      survives(() => parseFieldSelector(input, PODS));
      expect(Array.isArray(valuesAtPath({ a: [{ b: 1 }] }, input))).toBe(true);
      parseQuantity(input);
    }),
    { numRuns: 1000 },
  );
});

test('over HTTP no body, query or header makes an error of the server’s own', async () => {
  const failures: unknown[] = [];
  const logger = { ...SILENT, error: (...said: unknown[]) => failures.push(said) };
  await using api = await startTestServer({ logger });
  await api.call('POST', '/api/v1/namespaces/default/serviceaccounts', {
    body: { metadata: { name: 'default' } },
  });
  await api.call('POST', '/api/v1/namespaces/default/configmaps', {
    body: { metadata: { name: 'x' }, data: { a: '1' } },
  });
  const query = fc.constantFrom(
    '',
    '?dryRun=All',
    '?fieldValidation=Strict',
    '?limit=-1',
    '?labelSelector=((',
    '?fieldSelector=a=b',
    '?continue=e30',
    '?continue=%00',
    '?resourceVersion=x',
    '?watch=maybe&timeoutSeconds=1',
    '?fieldManager=m&force=true',
    '?%E0%A4%A=1',
  );
  const path = fc.constantFrom(
    '/api/v1/namespaces/default/pods',
    '/api/v1/namespaces/default/configmaps',
    '/api/v1/namespaces/default/configmaps/x',
    '/apis/apps/v1/namespaces/default/deployments',
    '/apis/apps/v1/namespaces/default/deployments/x/scale',
    '/api/v1/namespaces/default/pods/x/eviction',
    '/api/v1/namespaces/default/serviceaccounts/default/token',
    '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies',
    '/apis/certificates.k8s.io/v1/certificatesigningrequests',
    '/api/v1/namespaces/%2e%2e/pods',
    '/apis/__proto__/v1/constructor',
  );
  const type = fc.constantFrom(
    'application/json',
    'application/yaml',
    'application/merge-patch+json',
    'application/json-patch+json',
    'application/strategic-merge-patch+json',
    'application/apply-patch+yaml',
    'application/vnd.kubernetes.protobuf',
    'text/plain',
    ';;',
  );
  const method = fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE', 'GET');
  await fc.assert(
    fc.asyncProperty(
      fc.record({ method, path, query, type, body: fc.oneof(evilObject, broken) }),
      async (request) => {
        const answer = await api.call(request.method, request.path + request.query, {
          headers: { 'content-type': request.type },
          ...(request.method !== 'GET' && { body: request.body }),
        });
        expect(Reflect.get(Object(answer.json), 'reason')).not.toBe('InternalError');
        expect(failures).toEqual([]);
      },
    ),
    { numRuns: 120 },
  );
  expect((await api.call('GET', '/api/v1/namespaces/default')).status).toBe(200);
}, 30_000);

/** Objects as entries, so that no key is special. */
type Entries = Map<string, unknown>;

function entriesOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(entriesOf);
  if (typeof value !== 'object' || value === null) return value;
  return new Map(Object.entries(value).map(([key, item]) => [key, entriesOf(item)]));
}

/** RFC 7386, as it is written there. */
function mergedEntries(target: unknown, patch: unknown): unknown {
  if (!(patch instanceof Map)) return patch;
  const result: Entries = new Map(target instanceof Map ? (target as Entries) : []);
  for (const [key, value] of patch as Entries) {
    if (value === null) result.delete(key);
    else result.set(key, mergedEntries(result.get(key), value));
  }
  return result;
}
