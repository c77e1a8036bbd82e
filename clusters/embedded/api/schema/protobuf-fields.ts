import { PROTOBUF_CORE } from './protobuf/core.js';
import { PROTOBUF_GROUPS } from './protobuf/groups.js';
import { PROTOBUF_META } from './protobuf/meta.js';

/** Before a name in the tables: a message whose fields belong to the object around it. */
export const INLINE = '>';

/**
 * The numbers of the fields of a message by package and name. In the tables one line is one message: its name,
 * then the JSON names of its fields in order of their numbers, from 1; `7:name` goes on from 7.
 */
export function protobufFields(
  packageName: string,
  messageName: string,
): ReadonlyMap<number, string> | undefined {
  messages ??= parseTables();
  return messages.get(`${packageName}.${messageName}`);
}

let messages: Map<string, ReadonlyMap<number, string>> | undefined;

function parseTables(): Map<string, ReadonlyMap<number, string>> {
  const parsed = new Map<string, ReadonlyMap<number, string>>();
  let packageName = '';
  for (const line of `${PROTOBUF_META}${PROTOBUF_CORE}${PROTOBUF_GROUPS}`.split('\n')) {
    if (line.startsWith('# ')) packageName = line.slice(2);
    else if (line !== '') {
      const [name = '', ...fields] = line.split(' ');
      parsed.set(`${packageName}.${name}`, numbered(fields));
    }
  }
  return parsed;
}

function numbered(fields: readonly string[]): Map<number, string> {
  const numbers = new Map<number, string>();
  let next = 1;
  for (const field of fields) {
    const colon = field.indexOf(':');
    if (colon !== -1) next = Number(field.slice(0, colon));
    numbers.set(next, field.slice(colon + 1));
    next += 1;
  }
  return numbers;
}
