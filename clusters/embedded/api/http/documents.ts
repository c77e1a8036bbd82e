import { parse } from 'yaml';
import type { Tags } from 'yaml';
import { messageOf } from '../../../../common/errors.js';
import { isJsonObject } from '../../../../common/json.js';
import type { JsonObject } from '../../../../common/json.js';
import { ApiError, badRequest } from '../api-error.js';
import { isTooDeepYaml } from '../json/depth.js';
import { JsonTextError, parseJson, tryParseJson } from '../json/parse-json.js';
import type { SchemaCatalogue } from '../schema-catalogue.js';
import { findDuplicateFields } from '../schema/duplicate-fields.js';
import { parseMediaTypes } from './media-types.js';

/** A request body read into JSON, not yet checked against any type. */
export interface Document {
  content: JsonObject;
  duplicates: readonly string[];
}

const ACCEPTED = [
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
] as const;

/** Go's YAML knows no dates and no numbers in base 60. */
const FOREIGN_TAGS = ['timestamp', 'intTime', 'floatTime'];

/** Reads the body of a create or an update. `kind` is what the path expects, for the texts of refusals. */
export function readDocument(
  body: Buffer,
  contentType: string | undefined,
  expected: { kind: string; catalogue: SchemaCatalogue; strict: boolean },
): Document {
  const type = mediaTypeOf(contentType);
  if (type === 'application/vnd.kubernetes.protobuf') {
    return { content: expected.catalogue.decodeProtobuf(body), duplicates: [] };
  }
  if (type === 'application/yaml')
    return { content: parseYaml(body.toString('utf8')), duplicates: [] };
  const text = body.toString('utf8');
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
    throw badRequest(
      `the object provided is unrecognized (must be of type ${expected.kind}): couldn't get version/kind; json parse error: ${error.message} (${snippet(body)})`,
    );
  }
  if (!isJsonObject(value)) {
    const got = Array.isArray(value) ? 'array' : value === null ? 'object' : typeof value;
    throw badRequest(
      `the object provided is unrecognized (must be of type ${expected.kind}): couldn't get version/kind; json parse error: json: cannot unmarshal ${got} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" } (${snippet(body)})`,
    );
  }
  return { content: value, duplicates: expected.strict ? findDuplicateFields(text) : [] };
}

/** YAML 1.1 the way Go reads it: `no` is false, `0777` is octal, a date is text. */
export function parseYaml(text: string): JsonObject {
  // JSON is YAML, and read a hundred times faster: kubectl applies nothing else.
  const json = tryParseJson(text);
  if (isJsonObject(json)) return json;
  if (isTooDeepYaml(text)) {
    throw badRequest('error converting YAML to JSON: yaml: exceeded max depth of 10000');
  }
  let plain: unknown;
  try {
    const value: unknown = parse(text, {
      version: '1.1',
      merge: true,
      // Warnings would go to our own standard error.
      logLevel: 'error',
      customTags: (tags: Tags) => tags.filter((tag) => typeof tag === 'string' || !isForeign(tag)),
    });
    // An alias inside of its own anchor ends here.
    plain = JSON.parse(JSON.stringify(value ?? null));
  } catch (error) {
    const [why = ''] = messageOf(error).split('\n');
    throw badRequest(`error converting YAML to JSON: yaml: ${why}`);
  }
  if (!isJsonObject(plain)) {
    throw badRequest('error decoding YAML: the document is not an object');
  }
  return plain;
}

/** The JSON of a patch that is no YAML. */
export function parsePatchJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
    throw badRequest(`error decoding patch: ${error.message}`);
  }
}

function isForeign(tag: { tag: string; format?: string | undefined }): boolean {
  return tag.format === 'TIME' || FOREIGN_TAGS.some((name) => tag.tag.endsWith(`:${name}`));
}

function mediaTypeOf(header: string | undefined): string {
  if (header === undefined || header === '') return 'application/json';
  const type = parseMediaTypes(header)[0]?.type ?? '';
  if (type === '' || type === '*/*') return 'application/json';
  if (ACCEPTED.some((accepted) => accepted === type)) return type;
  throw unsupportedMediaType(ACCEPTED);
}

export function unsupportedMediaType(accepted: readonly string[]): ApiError {
  return new ApiError(415, 'UnsupportedMediaType', {
    message: `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  });
}

function snippet(body: Buffer): string {
  if (body.length === 0) return '<empty>';
  const text = body.toString('utf8');
  return text.length > 1024 ? `${text.slice(0, 1024)} ...` : text;
}
