import type { JsonObject } from '../../../../common/json.js';
import { schemaCatalogue } from './index.js';
import { openApiV2Protobuf } from './openapi-v2-protobuf.js';
import { readFields, type WireValue } from './protobuf-reader.js';

const document = schemaCatalogue.openApiV2();
const binary = openApiV2Protobuf(document);

/** The values of one field of a message. */
function all(bytes: WireValue | undefined, field: number): WireValue[] {
  if (!Buffer.isBuffer(bytes)) return [];
  return [...readFields(bytes)].filter(([number]) => number === field).map(([, value]) => value);
}

/** The value behind a name in a list of named values. */
function named(bytes: WireValue | undefined, field: number, name: string): WireValue | undefined {
  const found = all(bytes, field).find((entry) => String(all(entry, 1)[0]) === name);
  return all(found, 2)[0];
}

test('every path and every definition is there', () => {
  expect(String(all(binary, 1)[0])).toBe('2.0');
  expect(all(all(binary, 8)[0], 2)).toHaveLength(
    Object.keys(document['paths'] as JsonObject).length,
  );
  expect(all(all(binary, 9)[0], 1)).toHaveLength(
    Object.keys(document['definitions'] as JsonObject).length,
  );
});

test('a list tells its merge key, as kubectl needs it to make patches', () => {
  const podSpec = named(all(binary, 9)[0], 1, 'io.k8s.api.core.v1.PodSpec');
  const containers = named(all(podSpec, 25)[0], 1, 'containers');
  expect(String(all(all(containers, 22)[0], 1)[0])).toBe('array');
  const items = all(all(containers, 23)[0], 1)[0];
  expect(String(all(items, 1)[0])).toBe('#/definitions/io.k8s.api.core.v1.Container');
  const extension = named(containers, 31, 'x-kubernetes-patch-merge-key');
  expect(String(all(extension, 2)[0])).toBe('"name"');
});

test('a patch tells its kind and takes fieldValidation', () => {
  const path = named(all(binary, 8)[0], 2, '/api/v1/namespaces/{namespace}/pods/{name}');
  const patch = all(path, 8)[0];
  const kind = all(named(patch, 13, 'x-kubernetes-group-version-kind'), 2)[0];
  expect(JSON.parse(String(kind))).toEqual({ group: '', version: 'v1', kind: 'Pod' });
  const names = all(patch, 8).map((item) =>
    String(all(all(all(all(item, 1)[0], 2)[0], 3)[0], 4)[0]),
  );
  expect(names).toContain('fieldValidation');
});
