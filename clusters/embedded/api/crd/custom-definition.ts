import { isJsonObject, valueAt } from '../../../../common/json.js';
import type { Json, JsonObject } from '../../../../common/json.js';
import { ApiError } from '../api-error.js';
import type { KubeObject } from '../cluster-api.js';
import { toJson } from '../json/object-json.js';
import { humanDuration } from '../kinds/human-duration.js';
import { validateMeta } from '../kinds/object-meta.js';
import { apiVersionOf } from '../api-version.js';
import type {
  PrinterColumn,
  ResourceDefinition,
  SubresourceDefinition,
} from '../resource-definition.js';
import type { SchemaCatalogue } from '../schema-catalogue.js';
import { catalogueNode } from '../typed/catalogue-nodes.js';
import { valuesAtPath } from './json-path.js';
import { resourceNode } from './schema-node.js';
import { PRESERVE, textsOf } from './schema-props.js';
import type { SchemaProps } from './schema-props.js';
import { applySchemaDefaults, prune } from './structural.js';
import { validateCustom } from './validate-custom.js';

const VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const STATUS_VERBS = ['get', 'patch', 'update'] as const;

/** One served version of a custom resource with its schema. */
export interface CustomVersion {
  definition: ResourceDefinition;
  schema: SchemaProps;
}

/** The served versions of a CustomResourceDefinition, the stored one first. */
export function customVersions(crd: KubeObject, catalogue: SchemaCatalogue): CustomVersion[] {
  const spec = isJsonObject(crd['spec']) ? crd['spec'] : {};
  const versions = (Array.isArray(spec['versions']) ? spec['versions'] : []).filter(isJsonObject);
  const stored = versions.find((version) => version['storage'] === true);
  if (stored === undefined) return [];
  const served = versions.filter((version) => version['served'] === true || version === stored);
  return [stored, ...served.filter((version) => version !== stored)].map((version) =>
    customVersion({ crd, spec, version, stored }, catalogue),
  );
}

interface Source {
  crd: KubeObject;
  spec: JsonObject;
  version: JsonObject;
  stored: JsonObject;
}

function customVersion(source: Source, catalogue: SchemaCatalogue): CustomVersion {
  const { crd, spec, version, stored } = source;
  const names = isJsonObject(spec['names']) ? spec['names'] : {};
  const schema = schemaOf(version);
  const group = text(spec['group']);
  const plural = text(names['plural']);
  const kind = text(names['kind']);
  const subresources = isJsonObject(version['subresources']) ? version['subresources'] : {};
  const withStatus = isJsonObject(subresources['status']);
  const served = { group, version: text(version['name']) };
  const definition: ResourceDefinition = {
    ...served,
    kind,
    plural,
    singular: text(names['singular']) || kind.toLowerCase(),
    shortNames: textsOf(names['shortNames']),
    categories: textsOf(names['categories']),
    namespaced: spec['scope'] === 'Namespaced',
    verbs: VERBS,
    subresources: subresourcesOf(kind, subresources),
    selectableFields: selectableFieldsOf(version),
    hasGeneration: true,
    allowUnconditionalUpdate: false,
    applyDefaults: (object) => {
      applySchemaDefaults(toJson(object), schema);
    },
    prepareForCreate: (object) => {
      if (withStatus) delete object['status'];
    },
    validate: (object, old) => [
      ...validateMeta(object),
      ...validateCustom(toJson(object), old === undefined ? undefined : toJson(old), schema),
    ],
    columns: columnsOf(version),
    decode: (document) =>
      decodeCustom(document, { schema, catalogue, kind, version: served.version }),
    typeNode: resourceNode(schema, catalogueNode(catalogue, OBJECT_META)),
    revision: `${crd.metadata.uid}/${crd.metadata.generation ?? 0}`,
    ...scaleOf(subresources),
  };
  if (version === stored) return { definition, schema };
  const storedVersion = apiVersionOf({ group, version: text(stored['name']) });
  return {
    schema,
    definition: {
      ...definition,
      storedAs: {
        resource: `${plural}.${group}`,
        // Conversion strategy None: versions differ in their name only.
        toStored: (object) => ({ ...object, apiVersion: storedVersion }),
        fromStored: (object) => ({ ...object, apiVersion: apiVersionOf(served) }),
      },
    },
  };
}

function schemaOf(version: JsonObject): SchemaProps {
  const schema = valueAt(version, ['schema', 'openAPIV3Schema']);
  return isJsonObject(schema) ? schema : { type: 'object', [PRESERVE]: true };
}

function subresourcesOf(kind: string, declared: JsonObject): SubresourceDefinition[] {
  const list: SubresourceDefinition[] = [];
  if (isJsonObject(declared['scale'])) {
    list.push({
      name: 'scale',
      kind: 'Scale',
      group: 'autoscaling',
      version: 'v1',
      verbs: STATUS_VERBS,
    });
  }
  if (isJsonObject(declared['status'])) list.push({ name: 'status', kind, verbs: STATUS_VERBS });
  return list;
}

function scaleOf(declared: JsonObject): Pick<ResourceDefinition, 'scale'> {
  const { scale } = declared;
  if (!isJsonObject(scale)) return {};
  const pathOf = (value: Json | undefined): string[] =>
    text(value)
      .split('.')
      .filter((part) => part !== '');
  return {
    scale: {
      specReplicas: pathOf(scale['specReplicasPath']),
      statusReplicas: pathOf(scale['statusReplicasPath']),
      ...(typeof scale['labelSelectorPath'] === 'string' && {
        labelSelector: pathOf(scale['labelSelectorPath']),
      }),
    },
  };
}

function selectableFieldsOf(version: JsonObject): Record<string, (object: KubeObject) => string> {
  const fields = Array.isArray(version['selectableFields']) ? version['selectableFields'] : [];
  return Object.fromEntries(
    fields.filter(isJsonObject).map((field) => {
      const path = text(field['jsonPath']);
      const read = (object: KubeObject): string => {
        const [value] = valuesAtPath(object, path);
        return typeof value === 'string' ? value : JSON.stringify(value ?? '').replace(/^""$/, '');
      };
      return [path.replace(/^\./, ''), read];
    }),
  );
}

function decodeCustom(
  document: JsonObject,
  type: { schema: SchemaProps; catalogue: SchemaCatalogue; kind: string; version: string },
): { object: JsonObject; unknownFields: string[] } {
  const { metadata, ...rest } = document;
  const object: JsonObject = { ...rest };
  const unknownFields = prune(object, type.schema);
  const meta = decodeMeta(metadata ?? {}, type);
  return {
    object: { ...pick(object), metadata: toJson(meta.object)['metadata'], ...omit(object) },
    unknownFields: [...meta.unknownFields, ...unknownFields],
  };
}

/** Metadata is typed alike for every kind: it is read as that of a built-in one. */
function decodeMeta(
  metadata: Json,
  type: { catalogue: SchemaCatalogue; kind: string; version: string },
): { object: KubeObject; unknownFields: string[] } {
  try {
    return type.catalogue.decode(
      { apiVersion: 'v1', kind: 'ConfigMap', metadata },
      'io.k8s.api.core.v1.ConfigMap',
    );
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const message = error.message
      .replace(
        'ConfigMap in version "v1" cannot be handled as a ConfigMap',
        `${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}`,
      )
      .replaceAll('ConfigMap', type.kind);
    throw new ApiError(error.code, error.reason, { message });
  }
}

function columnsOf(version: JsonObject): PrinterColumn[] {
  const declared = version['additionalPrinterColumns'];
  const columns = Array.isArray(declared) ? declared.filter(isJsonObject) : [];
  const name: PrinterColumn = {
    name: 'Name',
    type: 'string',
    format: 'name',
    description: 'Name of the object, unique within its namespace.',
    priority: 0,
    cell: ({ metadata }) => metadata.name,
  };
  const age: PrinterColumn = {
    name: 'Age',
    type: 'date',
    description: 'When the object was created.',
    priority: 0,
    cell: ({ metadata }, now) => ageOf(metadata.creationTimestamp, now),
  };
  return [name, ...(columns.length === 0 ? [age] : columns.map(columnOf))];
}

function columnOf(column: JsonObject): PrinterColumn {
  const path = text(column['jsonPath']);
  const type = columnType(column['type']);
  return {
    name: text(column['name']),
    type,
    format: text(column['format']),
    description:
      text(column['description']) ||
      `Custom resource definition column (in JSONPath format): ${path}`,
    priority: Number(column['priority'] ?? 0) > 0 ? 1 : 0,
    cell: (object, now) => cellOf(valuesAtPath(object, path), type, now),
  };
}

function cellOf(
  values: readonly unknown[],
  type: PrinterColumn['type'],
  now: number,
): string | number | boolean | null {
  const [value] = values;
  if (value === undefined || value === null) return null;
  switch (type) {
    case 'integer':
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? ageOf(value, now) : null;
    case 'string':
      if (values.length > 1) return values.map(plain).join(',');
      return plain(value);
  }
}

function ageOf(time: string, now: number): string {
  const at = Date.parse(time);
  return Number.isNaN(at) ? '<invalid>' : humanDuration(now - at);
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function columnType(value: Json | undefined): PrinterColumn['type'] {
  return value === 'integer' || value === 'number' || value === 'boolean' || value === 'date'
    ? value
    : 'string';
}

function pick({ kind, apiVersion }: JsonObject): JsonObject {
  return { kind, apiVersion };
}

function omit({ kind: _kind, apiVersion: _apiVersion, ...rest }: JsonObject): JsonObject {
  return rest;
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
