import { isJsonObject, type JsonObject } from '../../../../common/json.js';
import { ApiError, invalid } from '../api-error.js';
import type { ClusterApi } from '../cluster-api.js';
import type { ResourceDefinition } from '../resource-definition.js';
import { schemaCatalogue } from '../schema/index.js';
import { BUILT_IN_RESOURCES } from './index.js';
import {
  describeRecorded,
  hasRecordings,
  readRecorded,
  type RecordedRequest,
} from './test-support/recorded.js';

/** Refusals that the whole server gives, not a kind's validation. */
const NOT_OF_A_KIND = new Set([
  'np-missing-namespace',
  'np-namespace-mismatch',
  'np-wrong-version',
  'np-strict-unknown-field',
  'np-strict-dup-field',
  'np-bad-fieldvalidation',
  'pod-quota-exceeded',
  'crd-instance-invalid',
  'crd-instance-wrongtype',
  'unsupported-media',
  'bad-json',
  'empty-body',
  'eviction-nopod',
]);

describeRecorded('creating what a real server refused', () => {
  const cases = hasRecordings()
    ? readRecorded<RecordedRequest[]>('statuses.json').filter(
        (recorded) =>
          recorded.request.method === 'POST' &&
          isJsonObject(recorded.request.body) &&
          !NOT_OF_A_KIND.has(recorded.case),
      )
    : [];

  test.each(cases.map((recorded) => [recorded.case, recorded] as const))(
    '%s is answered as recorded',
    (_name, recorded) => {
      const response = recorded.response as JsonObject;
      const answer = create(recorded.request.body as JsonObject);
      if (recorded.status >= 400) {
        expect(withoutEmptyMaps({ message: answer.message, causes: answer.causes })).toEqual(
          withoutEmptyMaps({
            message: response['message'],
            causes: (response['details'] as JsonObject | undefined)?.['causes'],
          }),
        );
      } else expect(answer.message).toBeUndefined();
    },
  );
});

/** Go tells an empty map from none; our objects have only none. */
function withoutEmptyMaps(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value).replaceAll('map[string]string{}', 'map[string]string(nil)'),
  );
}

function create(body: JsonObject): { message?: string; causes?: unknown } {
  const { apiVersion, kind } = body as { apiVersion: string; kind: string };
  const [group = '', version = ''] = apiVersion.includes('/')
    ? apiVersion.split('/')
    : ['', apiVersion];
  const definition = BUILT_IN_RESOURCES.find(
    (one) => one.group === group && one.version === version && one.kind === kind,
  )!;
  try {
    const typeName = schemaCatalogue.typeOf(group, version, kind)!;
    const { object } = schemaCatalogue.decode(body, typeName);
    object.metadata = {
      ...object.metadata,
      name: (object.metadata as { name?: string }).name ?? '',
    };
    if (definition.namespaced) object.metadata.namespace ??= 'demo';
    object.metadata.uid = 'u';
    if (object.metadata.generateName) object.metadata.name = `${object.metadata.generateName}abcde`;
    definition.applyDefaults(object);
    definition.prepareForCreate?.(object, { api: demoCluster(), now: 0, dryRun: true });
    const errors = definition.validate(object);
    if (errors.length > 0) throw invalid(definition, object.metadata.name, errors);
    return {};
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { message: error.message, causes: error.details?.causes };
  }
}

/** As much of the recorded cluster as validation looks at: the default account of `demo`. */
function demoCluster(): ClusterApi {
  const account = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace: 'demo' },
  };
  const stored = new Map<string, unknown>([['serviceaccounts/demo/default', account]]);
  return {
    get: (resource: string, name: string, namespace = '') =>
      stored.get(`${resource}/${namespace}/${name}`),
    list: () => [],
  } as unknown as ClusterApi;
}

test('every built-in resource has its own place', () => {
  const places = BUILT_IN_RESOURCES.map(
    (one: ResourceDefinition) => `${one.group}/${one.version}/${one.plural}`,
  );
  expect(new Set(places).size).toBe(places.length);
});
