import type { Json, JsonObject } from '../../../../common/json.js';
import { isJsonObject } from '../../../../common/json.js';
import { badRequest } from '../api-error.js';
import { formatQuantity, parseQuantity, QUANTITY_FORMAT_ERROR } from '../kinds/quantity.js';
import type { FieldSchema, TypeSchema } from '../schema-catalogue.js';
import { goItemTypeOf, goNameOf, goTypeOf } from './go-types.js';
import { splitTypeName } from './packages.js';
import { base64Fault, normalTime } from './scalars.js';

export interface Decoded {
  object: JsonObject;
  unknownFields: string[];
}

/**
 * Reads a document as Go reads it into the struct of that type and writes it again: unknown fields are left out
 * and reported, nulls and empty optional values vanish, structs that are always there appear, quantities and
 * times take their canonical form. The first value of a wrong type refuses the document, in Go's words.
 */
export function decodeDocument(
  document: JsonObject,
  typeName: string,
  findType: (name: string) => TypeSchema | undefined,
): Decoded {
  const decoder = new Decoder(typeName, findType);
  const object = decoder.struct(document, typeName, undefined);
  if (decoder.typeError !== undefined) throw refusal(typeName, decoder.typeError);
  return { object, unknownFields: decoder.unknownFields };
}

/** Where the decoder is: a field, item or key within another place. Told only when something is wrong. */
interface Place {
  parent: Place | undefined;
  step: string | number;
  /** Keys of maps do not count in Go's path. */
  isKey?: true;
}

/** As unknown fields are told: `spec.containers[0].imag`. */
function pathOf(place: Place | undefined, name: string): string {
  if (place === undefined) return name;
  const before = place.parent === undefined ? '' : pathOf(place.parent, '');
  const own = typeof place.step === 'number' ? `[${place.step}]` : place.step;
  const joined =
    before === '' || typeof place.step === 'number' ? `${before}${own}` : `${before}.${own}`;
  return name === '' ? joined : `${joined}.${name}`;
}

/** As Go tells it in errors: names of fields only. */
function goPathOf(place: Place | undefined): string {
  const names: string[] = [];
  for (let at = place; at !== undefined; at = at.parent) {
    if (typeof at.step === 'string' && at.isKey !== true) names.unshift(at.step);
  }
  return names.join('.');
}

/** What decoding asks of a type again and again. */
interface Prepared {
  required: ReadonlySet<string>;
  /** Fields that appear where the document leaves them out. */
  always: readonly (readonly [string, FieldSchema])[];
}

const prepared = new WeakMap<TypeSchema, Prepared>();

function prepare(type: TypeSchema): Prepared {
  let found = prepared.get(type);
  if (found === undefined) {
    const always = Object.entries(type.fields ?? {}).filter(
      ([, field]) => field.kind === 'ref' && field.default !== undefined,
    );
    found = { required: new Set(type.required), always };
    prepared.set(type, found);
  }
  return found;
}

class Decoder {
  readonly unknownFields: string[] = [];
  /** Go goes on after a value of a wrong type and reports the first. */
  typeError: string | undefined;
  private readonly root: string;
  private readonly findType: (name: string) => TypeSchema | undefined;

  constructor(root: string, findType: (name: string) => TypeSchema | undefined) {
    this.root = root;
    this.findType = findType;
  }

  struct(value: JsonObject, typeName: string, place: Place | undefined): JsonObject {
    const type = this.findType(typeName);
    if (type?.fields === undefined) return value;
    const { required, always } = prepare(type);
    const result: JsonObject = {};
    for (const name of Object.keys(value)) {
      const item = value[name];
      const field = Object.hasOwn(type.fields, name) ? type.fields[name] : undefined;
      if (field === undefined) {
        this.unknownFields.push(pathOf(place, name));
        continue;
      }
      if (item === null || item === undefined) continue;
      const slot = { owner: typeName, name, field };
      const decoded = this.field(item, slot, { parent: place, step: name });
      if (decoded !== undefined && !isOmitted(decoded, field, required.has(name))) {
        result[name] = decoded;
      }
    }
    for (const [name, field] of always) {
      if (result[name] !== undefined) continue;
      if (isJsonObject(field.default)) result[name] = this.struct({}, field.ref ?? '', place);
      else if (typeof field.default === 'string') result[name] = field.default;
    }
    return result;
  }

  private field(value: Json, slot: Slot, place: Place): Json | undefined {
    const { owner, name, field } = slot;
    if (field.kind === 'array') {
      if (!Array.isArray(value))
        return this.mismatch(value, slot, { place, type: () => goTypeOf(owner, name, field) });
      return value.map((item, step) => this.item(item, slot, { parent: place, step }) ?? null);
    }
    if (field.kind === 'map') {
      if (!isJsonObject(value))
        return this.mismatch(value, slot, { place, type: () => goTypeOf(owner, name, field) });
      const result: JsonObject = {};
      for (const [key, item] of Object.entries(value)) {
        const decoded = this.item(item ?? null, slot, { parent: place, step: key, isKey: true });
        Object.defineProperty(result, key, {
          value: decoded ?? null,
          enumerable: true,
          writable: true,
          configurable: true,
        });
      }
      return result;
    }
    return this.item(value, slot, place);
  }

  /** One value that is no list and no map: a field, an item, a map's value. */
  private item(value: Json, slot: Slot, place: Place): Json | undefined {
    const { owner, name, field } = slot;
    const { ref } = field;
    if (value === null) return zeroOf(field);
    if (ref === undefined) {
      return this.scalar(value, slot, { place, type: () => goItemTypeOf(owner, name, field) });
    }
    const type = this.findType(ref);
    switch (type?.format) {
      case undefined:
        if (!isJsonObject(value))
          return this.mismatch(value, slot, { place, type: () => goNameOf(ref) });
        return this.struct(value, ref, place);
      case 'string':
        return this.quantity(value);
      case 'date-time':
        if (typeof value !== 'string')
          return this.mismatch(value, slot, { place, type: () => 'string' });
        return this.time(value, ref);
      case 'int-or-string':
        if (typeof value === 'string') return value;
        return this.scalar(value, { ...slot, field: INT32 }, { place, type: () => 'int32' });
      case 'object':
      case 'any':
        return value;
    }
  }

  private scalar(
    value: Json,
    slot: Slot,
    at: { place: Place; type: () => string },
  ): Json | undefined {
    const kind =
      slot.field.kind === 'array' || slot.field.kind === 'map' ? slot.field.items : slot.field.kind;
    switch (kind) {
      case 'string':
        return typeof value === 'string' ? value : this.mismatch(value, slot, at);
      case 'bytes': {
        if (typeof value !== 'string') return this.mismatch(value, slot, at);
        const fault = base64Fault(value);
        if (fault !== undefined)
          throw refusal(this.root, `illegal base64 data at input byte ${fault}`);
        return value;
      }
      case 'boolean':
        return typeof value === 'boolean' ? value : this.mismatch(value, slot, at);
      case 'number':
        return typeof value === 'number' ? value : this.mismatch(value, slot, at);
      case 'integer':
        if (typeof value !== 'number') return this.mismatch(value, slot, at);
        return fits(value, slot.field.format) ? value : this.mismatch(value, slot, at);
      case 'any':
      case 'ref':
      case undefined:
        return value;
    }
  }

  private quantity(value: Json): string {
    const text =
      typeof value === 'string' || typeof value === 'number' ? value : JSON.stringify(value);
    const quantity = parseQuantity(text);
    if (quantity === undefined) throw refusal(this.root, QUANTITY_FORMAT_ERROR);
    return formatQuantity(quantity);
  }

  private time(value: string, typeName: string): string {
    const time = normalTime(value, typeName.endsWith('MicroTime'));
    if ('fault' in time) throw refusal(this.root, time.fault);
    return time.text;
  }

  private mismatch(
    value: Json,
    slot: Slot,
    at: { place: Place; type: () => string },
  ): Json | undefined {
    const struct = splitTypeName(slot.owner).name;
    const told = describe(value, slot.field);
    this.typeError ??= `json: cannot unmarshal ${told} into Go struct field ${struct}.${goPathOf(at.place)} of type ${at.type()}`;
    return undefined;
  }
}

interface Slot {
  owner: string;
  name: string;
  field: FieldSchema;
}

const INT32: FieldSchema = { description: '', kind: 'integer', format: 'int32' };

function refusal(typeName: string, why: string): Error {
  const { packageName, name } = splitTypeName(typeName);
  const version = packageName.slice(packageName.lastIndexOf('.') + 1);
  return badRequest(`${name} in version "${version}" cannot be handled as a ${name}: ${why}`);
}

/** What `omitempty` leaves out; a struct never is, nor the zero behind a pointer or in a required field. */
function isOmitted(value: Json, field: FieldSchema, required: boolean): boolean {
  if (field.kind === 'ref' || field.kind === 'any') return false;
  if (Array.isArray(value)) return value.length === 0 && !required;
  if (isJsonObject(value)) return Object.keys(value).length === 0 && !required;
  if (field.pointer || required || field.default !== undefined) return false;
  return value === '' || value === 0 || value === false;
}

function zeroOf(field: FieldSchema): Json | undefined {
  if (field.ref !== undefined) return field.kind === 'array' ? {} : undefined;
  switch (field.items) {
    case 'string':
    case 'bytes':
      return '';
    case 'integer':
    case 'number':
      return 0;
    case 'boolean':
      return false;
    case 'any':
    case undefined:
      return null;
  }
}

function fits(value: number, format: string | undefined): boolean {
  if (!Number.isInteger(value)) return false;
  return format !== 'int32' || (value >= -2147483648 && value <= 2147483647);
}

function describe(value: Json, field: FieldSchema): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'object') return 'object';
  if (typeof value === 'boolean') return 'bool';
  const wantsNumber = (field.items ?? field.kind) === 'integer';
  if (typeof value === 'number') return wantsNumber ? `number ${value}` : 'number';
  return 'string';
}
