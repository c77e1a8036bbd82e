import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FieldSchema, TypeSchema } from '../schema-catalogue.js';
import type { CatalogueData } from './catalogue-data.js';
import { FACTS_TEXT, parseFacts, type FieldFacts, type TypeFacts } from './facts.js';
import { readFieldDescriptions, type FieldDescriptions } from './field-descriptions.js';
import { METRICS_TYPES } from './metrics-types.js';
import { modelsFolder, readModels, type Model, type ModelField } from './models.js';
import { groupVersionOf, splitTypeName } from './packages.js';
import { SPECIAL_TYPES, specialTypeName } from './special-types.js';

/** Raised by hand when the generator itself changes what it writes. */
const GENERATOR_VERSION = '2';

/** Names what `generateCatalogue` would make: changed facts or another release of the models change it. */
export function catalogueFingerprint(): string {
  const client = readFileSync(join(modelsFolder(), '..', '..', '..', 'package.json'), 'utf8');
  const version = /"version": "([^"]+)"/.exec(client)?.[1] ?? '';
  return createHash('sha256')
    .update(
      `${GENERATOR_VERSION} ${version} ${FACTS_TEXT} ${JSON.stringify([SPECIAL_TYPES, METRICS_TYPES])}`,
    )
    .digest('hex')
    .slice(0, 16);
}

/** Joins the models of @kubernetes/client-node with our facts into the data behind the schema catalogue. */
export function generateCatalogue(): CatalogueData {
  const types = new Generator(readModels(modelsFolder()), parseFacts()).run();
  const packages: Record<string, Record<string, TypeSchema>> = {};
  const kinds: Record<string, string> = {};
  for (const [typeName, type] of types) {
    const { packageName, name } = splitTypeName(typeName);
    (packages[packageName] ??= {})[name] = type;
    const groupVersion = groupVersionOf(packageName);
    if (groupVersion !== undefined && type.fields?.['kind'] && type.fields['apiVersion']) {
      kinds[`${groupVersion.group}/${groupVersion.version}/${name}`] = typeName;
    }
  }
  return {
    fingerprint: catalogueFingerprint(),
    packages: Object.fromEntries(
      Object.entries(packages).map(([name, content]) => [name, JSON.stringify(content)]),
    ),
    kinds,
  };
}

class Generator {
  private readonly models: ReadonlyMap<string, Model>;
  private readonly facts: readonly TypeFacts[];
  private readonly types = new Map<string, TypeSchema>();
  /** Model name -> full type name, and the work that is left. */
  private readonly names = new Map<string, string>();
  private readonly descriptions = new Map<string, FieldDescriptions>();
  private readonly queue: { model: string; facts: TypeFacts }[] = [];

  constructor(models: ReadonlyMap<string, Model>, facts: readonly TypeFacts[]) {
    this.models = models;
    this.facts = facts;
  }

  run(): Map<string, TypeSchema> {
    for (const [name, type] of [
      ...Object.entries(SPECIAL_TYPES),
      ...Object.entries(METRICS_TYPES),
    ]) {
      this.types.set(name, type);
    }
    for (const facts of this.facts) this.place(facts);
    for (let next = this.queue.pop(); next !== undefined; next = this.queue.pop()) {
      const model = this.models.get(next.model);
      if (model !== undefined)
        this.types.set(`${next.facts.package}.${next.facts.name}`, this.typeOf(model, next.facts));
    }
    return new Map([...this.types].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  private place(facts: TypeFacts): void {
    const model = modelNames(facts).find((name) => this.models.has(name));
    if (model === undefined) {
      const known = `${facts.package}.${facts.name}` in SPECIAL_TYPES;
      if (!known) throw new Error(`No model for ${facts.package}.${facts.name}`);
      return;
    }
    this.names.set(model, `${facts.package}.${facts.name}`);
    this.queue.push({ model, facts });
  }

  private typeOf(model: Model, facts: TypeFacts): TypeSchema {
    const fields: Record<string, FieldSchema> = {};
    for (const field of [...model.fields].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      fields[field.name] = this.fieldOf(field, facts);
    }
    return {
      description: model.description,
      fields,
      required: model.fields
        .filter((field) => field.required)
        .map((field) => field.name)
        .sort(),
      ...(facts.mapType !== undefined && { mapType: facts.mapType }),
    };
  }

  private fieldOf(field: ModelField, owner: TypeFacts): FieldSchema {
    const facts = owner.fields.get(field.name) ?? {};
    const shape = this.shapeOf(field, owner.package, facts);
    return {
      description: field.description === '' ? this.describe(owner, field.name) : field.description,
      ...shape,
      ...(facts.patchStrategy !== undefined && { patchStrategy: facts.patchStrategy }),
      ...(facts.patchMergeKey !== undefined && { patchMergeKey: facts.patchMergeKey }),
      ...(facts.listType !== undefined && { listType: facts.listType }),
      ...(facts.listMapKeys !== undefined && { listMapKeys: facts.listMapKeys }),
      ...(facts.mapType !== undefined && { mapType: facts.mapType }),
      ...(facts.enum !== undefined && { enum: facts.enum }),
      ...(facts.pointer && { pointer: true }),
      ...(facts.default !== undefined && { default: defaultOf(facts.default, shape.kind) }),
    };
  }

  private describe(owner: TypeFacts, fieldName: string): string {
    let known = this.descriptions.get(owner.package);
    if (known === undefined) {
      known = readFieldDescriptions(owner.package);
      this.descriptions.set(owner.package, known);
    }
    return known.get(`${owner.name}.${fieldName}`) ?? '';
  }

  private shapeOf(
    field: ModelField,
    packageName: string,
    facts: FieldFacts,
  ): Pick<FieldSchema, 'kind' | 'ref' | 'items' | 'format'> {
    const list = /^Array<(.+)>$/.exec(field.type)?.[1];
    const map = /^\{ \[key: string\]: (.+); \}$/.exec(field.type)?.[1];
    const item = list ?? map ?? field.type;
    const special = specialTypeName(facts.special ?? BUILT_IN_SPECIALS[item] ?? '');
    const ref = special ?? this.refOf(item, packageName);
    if (list === undefined && map === undefined) {
      if (ref !== undefined) return { kind: 'ref', ref };
      return scalarOf(item, field.format);
    }
    const kind = list === undefined ? 'map' : 'array';
    if (ref !== undefined) return { kind, ref };
    if (item === 'Array<string>') return { kind, items: 'any', format: 'string-list' };
    const scalar = scalarOf(item, field.format);
    return {
      kind,
      items: scalar.kind,
      ...(scalar.format !== undefined && { format: scalar.format }),
    };
  }

  /** Models that the facts do not name came with a later release: they live beside the type that uses them. */
  private refOf(modelName: string, packageName: string): string | undefined {
    const known = this.names.get(modelName);
    if (known !== undefined || !this.models.has(modelName)) return known;
    const name = modelName.replace(/^(?:[A-Z][a-z]+)?V\d+(?:(?:alpha|beta)\d+)?/, '');
    this.names.set(modelName, `${packageName}.${name}`);
    this.queue.push({ model: modelName, facts: { package: packageName, name, fields: new Map() } });
    return `${packageName}.${name}`;
  }
}

const BUILT_IN_SPECIALS: Readonly<Record<string, string>> = {
  IntOrString: 'IntOrString',
  Date: 'Time',
  V1MicroTime: 'MicroTime',
};

function modelNames(facts: TypeFacts): string[] {
  const parts = facts.package.split('.');
  const version = parts.at(-1) ?? '';
  const group = parts.at(-2) ?? '';
  if (facts.package.endsWith('pkg.version')) return [`Version${facts.name}`];
  const capital = `${group.slice(0, 1).toUpperCase()}${group.slice(1)}`;
  const prefix = `V${version.slice(1)}`;
  return [`${capital}${prefix}${facts.name}`, `${prefix}${facts.name}`];
}

function scalarOf(
  type: string,
  format: string,
): { kind: 'string' | 'integer' | 'number' | 'boolean' | 'bytes' | 'any'; format?: string } {
  switch (type) {
    case 'string':
      return format === 'byte' ? { kind: 'bytes', format } : { kind: 'string' };
    case 'number':
      return format.startsWith('int') ? { kind: 'integer', format } : { kind: 'number', format };
    case 'boolean':
      return { kind: 'boolean' };
    case 'any':
    case 'object':
      return { kind: 'any' };
    default:
      throw new Error(`The models hold a type that the generator does not know: ${type}`);
  }
}

function defaultOf(text: string, kind: FieldSchema['kind']): NonNullable<FieldSchema['default']> {
  if (text === '{}') return {};
  if (text.startsWith('=')) return text.slice(1);
  if (kind === 'boolean') return false;
  return kind === 'string' || kind === 'bytes' ? '' : 0;
}
