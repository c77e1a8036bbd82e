import { badRequest } from '../api-error.js';
import type { KubeObject } from '../cluster-api.js';
import type { ResourceDefinition } from '../resource-definition.js';

export interface FieldMatcher {
  matches(object: KubeObject): boolean;
  /** Set where the selector names exactly one object. */
  name: string | undefined;
}

interface Term {
  field: string;
  equal: boolean;
  value: string;
}

/** Parses `metadata.name=x,status.phase!=Running` for one resource. Undefined for an empty selector. */
export function parseFieldSelector(
  text: string,
  definition: ResourceDefinition,
): FieldMatcher | undefined {
  const terms = parseTerms(text);
  if (terms.length === 0) return undefined;
  const tests = terms.map(({ field, equal, value }) => {
    const read = readerOf(field, definition);
    return (object: KubeObject): boolean => (read(object) === value) === equal;
  });
  return {
    matches: (object) => tests.every((test) => test(object)),
    name: terms.find(({ field, equal }) => equal && field === 'metadata.name')?.value,
  };
}

export function parseTerms(text: string): Term[] {
  const terms: Term[] = [];
  for (const part of splitUnescaped(text)) {
    if (part === '') continue;
    const match = /^((?:[^\\=!]|\\.|!(?!=))*)(!=|==|=)(.*)$/s.exec(part);
    if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`);
    const [, field = '', operator = '', raw = ''] = match;
    terms.push({ field, equal: operator !== '!=', value: unescape(raw) });
  }
  return terms;
}

function readerOf(field: string, definition: ResourceDefinition): (object: KubeObject) => string {
  if (field === 'metadata.name') return (object) => object.metadata.name;
  if (field === 'metadata.namespace') return (object) => object.metadata.namespace ?? '';
  const read = definition.selectableFields?.[field];
  if (read !== undefined) return read;
  throw badRequest(
    definition.selectableFields === undefined
      ? `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`
      : `field label not supported: ${field}`,
  );
}

function splitUnescaped(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] === '\\') i += 1;
    else if (text[i] === ',') {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

function unescape(value: string): string {
  if (/[^\\][,=]|^[,=]/.test(value.replace(/\\./g, ''))) {
    throw badRequest(`invalid field selector: unescaped character in value: ${value}`);
  }
  return value.replace(/\\([\\,=])/g, '$1');
}
