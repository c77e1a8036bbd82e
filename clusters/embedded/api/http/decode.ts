import { isJsonObject } from '../../../../common/json.js';
import type { JsonObject } from '../../../../common/json.js';
import { badRequest } from '../api-error.js';
import type { KubeObject } from '../cluster-api.js';
import { isKubeObject } from '../json/object-json.js';
import { apiVersionOf } from '../api-version.js';
import type { ResourceDefinition } from '../resource-definition.js';
import type { SchemaCatalogue } from '../schema-catalogue.js';
import type { FieldValidation } from './options.js';

export interface DecodeOptions {
  definition: ResourceDefinition;
  catalogue: SchemaCatalogue;
  fieldValidation: FieldValidation;
  duplicates: readonly string[];
  /** Where unknown fields are told when they are no reason to refuse. */
  warnings: string[];
}

/** Checks a document against the type of a resource and leaves out what the type does not know. */
export function decodeObject(content: JsonObject, options: DecodeOptions): KubeObject {
  const { definition } = options;
  const apiVersion = apiVersionOf(definition);
  checkKind(content, definition, apiVersion);
  const document: JsonObject = { ...content, kind: definition.kind, apiVersion };
  const { object, unknownFields } =
    definition.decode === undefined
      ? decodeBuiltIn(document, options)
      : definition.decode(document);
  if (!isKubeObject(object)) throw badRequest('the object has no metadata');
  if (options.fieldValidation !== 'Ignore') {
    tellUnknown(
      [
        ...unknownFields.map((path) => `unknown field ${JSON.stringify(path)}`),
        ...options.duplicates.map((path) => `duplicate field ${JSON.stringify(path)}`),
      ],
      options,
    );
  }
  return object;
}

function decodeBuiltIn(
  document: JsonObject,
  options: DecodeOptions,
): { object: unknown; unknownFields: string[] } {
  const { definition, catalogue } = options;
  const type = catalogue.typeOf(definition.group, definition.version, definition.kind);
  if (type !== undefined) return catalogue.decode(document, type);
  return {
    object: {
      ...document,
      metadata: isJsonObject(document['metadata']) ? document['metadata'] : {},
    },
    unknownFields: [],
  };
}

function checkKind(content: JsonObject, definition: ResourceDefinition, expected: string): void {
  const { kind, apiVersion } = { kind: content['kind'], apiVersion: content['apiVersion'] };
  if (definition.decode !== undefined && (kind === undefined || kind === '')) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${definition.kind}): Object 'Kind' is missing in '${JSON.stringify(content)}'`,
    );
  }
  if (typeof apiVersion === 'string' && apiVersion !== '' && apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
    );
  }
  if (typeof kind === 'string' && kind !== '' && kind !== definition.kind) {
    throw badRequest(
      `${kind} in version "${definition.version}" cannot be handled as a ${definition.kind}: no kind "${kind}" is registered for version "${expected}" in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"`,
    );
  }
}

function tellUnknown(faults: readonly string[], options: DecodeOptions): void {
  if (faults.length === 0) return;
  if (options.fieldValidation === 'Warn') {
    options.warnings.push(...faults);
    return;
  }
  const { kind, version } = options.definition;
  throw badRequest(
    `${kind} in version "${version}" cannot be handled as a ${kind}: strict decoding error: ${faults.join(', ')}`,
  );
}
