import type { KubeObject } from '../cluster-api.js';
import type { PrinterColumn, ResourceDefinition } from '../resource-definition.js';

const definitionTexts = new WeakMap<ResourceDefinition, string>();
const metadataTexts = new WeakMap<object, string>();

export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableOptions {
  definition: ResourceDefinition;
  /** Of meta.k8s.io. */
  version: string;
  include: IncludeObject;
  now: number;
  textOf(object: KubeObject): string;
}

/** A `Table` as JSON text, from parts that are kept as text as long as their objects live. */
export function tableText(
  objects: readonly KubeObject[],
  options: TableOptions & { metadata: string; columns: boolean },
): string {
  const { definition, version } = options;
  const columns = options.columns
    ? `"columnDefinitions":${columnDefinitions(definition)},`
    : '"columnDefinitions":null,';
  const rows = objects.map((object) => rowText(object, options)).join(',');
  return `{"kind":"Table","apiVersion":"meta.k8s.io/${version}","metadata":${options.metadata},${columns}"rows":[${rows}]}`;
}

export function partialMetadataText(object: KubeObject, version: string): string {
  return `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/${version}","metadata":${metadataText(object)}}`;
}

export function metadataText(object: KubeObject): string {
  const { metadata } = object;
  let text = metadataTexts.get(metadata);
  if (text === undefined) {
    text = JSON.stringify(metadata);
    metadataTexts.set(metadata, text);
  }
  return text;
}

function rowText(object: KubeObject, options: TableOptions): string {
  const { definition, now, include } = options;
  const cells = definition.columns.map((column) => JSON.stringify(column.cell(object, now)));
  switch (include) {
    case 'None':
      return `{"cells":[${cells.join(',')}],"object":null}`;
    case 'Object':
      return `{"cells":[${cells.join(',')}],"object":${options.textOf(object)}}`;
    case 'Metadata':
      return `{"cells":[${cells.join(',')}],"object":${partialMetadataText(object, options.version)}}`;
  }
}

function columnDefinitions(definition: ResourceDefinition): string {
  let text = definitionTexts.get(definition);
  if (text === undefined) {
    text = JSON.stringify(definition.columns.map(columnDefinition));
    definitionTexts.set(definition, text);
  }
  return text;
}

function columnDefinition(column: PrinterColumn): object {
  return {
    name: column.name,
    type: column.type === 'date' ? 'date' : column.type,
    format: column.format ?? '',
    description: column.description,
    priority: column.priority,
  };
}
