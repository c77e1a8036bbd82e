import { isJsonObject, type JsonObject } from '../../../../common/json.js';
import {
  describeRecorded,
  hasRecordings,
  listRecorded,
  readRecorded,
} from '../kinds/test-support/recorded.js';
import { knownDifferences } from '../kinds/test-support/known-differences.js';
import { schemaCatalogue } from './index.js';

/** Words are ours or the models'; unions are for nobody here. */
const NOT_COMPARED = new Set(['description', 'x-kubernetes-unions']);

const known = [...knownDifferences().keys()].filter((id) => id.startsWith('schemas/'));
const met = new Set<string>();

interface Document {
  paths: Record<string, Record<string, JsonObject>>;
  components: { schemas: Record<string, JsonObject> };
}

describeRecorded('OpenAPI documents', () => {
  const files = hasRecordings()
    ? listRecorded('openapi-v3').filter((file) => /__v\d+\.json$/.test(file))
    : [];
  const groupVersions = files.map((file) => file.replace('.json', '').replaceAll('__', '/'));

  test.each(groupVersions)('the types of %s are those of a real server', (groupVersion) => {
    const { recorded, ours } = documents(groupVersion);
    const differences: string[] = [];
    for (const [name, schema] of Object.entries(recorded.components.schemas)) {
      const own = ours.components.schemas[name];
      if (own === undefined) differences.push(`${name} is missing`);
      else compare(name, { recorded: schema, own }, differences);
    }
    expect(differences).toEqual([]);
  });

  test('what docs/embedded-cluster.md says of types is so', () => {
    expect([...met].sort()).toEqual([...known].sort());
  });

  test.each(groupVersions)('the paths of %s are those of a real server', (groupVersion) => {
    const { recorded, ours } = documents(groupVersion);
    const missing: string[] = [];
    for (const [path, item] of Object.entries(recorded.paths)) {
      if (
        path.includes('/watch/') ||
        path.endsWith('/{path}') ||
        path.endsWith('/v1/') ||
        path.endsWith('/v2/')
      )
        continue;
      for (const method of Object.keys(item)) {
        if (method === 'parameters' || method === 'options' || method === 'head') continue;
        const own = ours.paths[path]?.[method];
        if (own === undefined) missing.push(`${method} ${path}`);
        else if (
          JSON.stringify(own['x-kubernetes-group-version-kind']) !==
          JSON.stringify(item[method]?.['x-kubernetes-group-version-kind'])
        ) {
          missing.push(`${method} ${path} is of another kind`);
        } else if (own['x-kubernetes-action'] !== item[method]?.['x-kubernetes-action'])
          missing.push(`${method} ${path} is another action`);
      }
    }
    expect(missing).toEqual([]);
  });
});

function documents(groupVersion: string): { recorded: Document; ours: Document } {
  return {
    recorded: readRecorded<Document>(`openapi-v3/${groupVersion.replaceAll('/', '__')}.json`),
    ours: schemaCatalogue.openApiV3(groupVersion) as unknown as Document,
  };
}

/** Every part that the real server tells has to be there; later releases may add fields and types. */
function compare(
  path: string,
  { recorded, own }: { recorded: unknown; own: unknown },
  differences: string[],
): void {
  if (!isJsonObject(recorded) || !isJsonObject(own)) {
    if (canonical(path, recorded) === canonical(path, own)) return;
    const id = `schemas/${path}`;
    if (known.includes(id)) met.add(id);
    else differences.push(`${path}: ${JSON.stringify(own)} instead of ${JSON.stringify(recorded)}`);
    return;
  }
  const isProperties = path.endsWith('.properties');
  const [recordedRef, ownRef] = isProperties ? [] : [referenceOf(recorded), referenceOf(own)];
  if (recordedRef !== undefined || ownRef !== undefined) {
    if (
      recordedRef !== ownRef ||
      canonical(path, recorded['default']) !== canonical(path, own['default'])
    ) {
      differences.push(`${path}: ${JSON.stringify(own)} instead of ${JSON.stringify(recorded)}`);
    }
    return;
  }
  for (const key of new Set([...Object.keys(recorded), ...Object.keys(own)])) {
    if (NOT_COMPARED.has(key) && !isProperties) continue;
    if (isProperties && !(key in recorded)) continue;
    if (
      key === 'x-kubernetes-group-version-kind' &&
      Array.isArray(recorded[key]) &&
      recorded[key].length > 10
    )
      continue;
    compare(`${path}.${key}`, { recorded: recorded[key], own: own[key] }, differences);
  }
}

/** With words beside it a reference stands in `allOf`, else alone. */
function referenceOf({ $ref, allOf }: JsonObject): unknown {
  if ($ref !== undefined) return $ref;
  return Array.isArray(allOf) && isJsonObject(allOf[0]) ? allOf[0]['$ref'] : undefined;
}

function canonical(path: string, value: unknown): string | undefined {
  if (path.endsWith('.required') && Array.isArray(value)) return JSON.stringify([...value].sort());
  // Granular is what an object is when nothing is said.
  return value === 'granular' ? undefined : JSON.stringify(value);
}
