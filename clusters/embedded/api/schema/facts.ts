import { ACCESS_FACTS } from './facts/access.js';
import { CLUSTER_FACTS } from './facts/cluster.js';
import { CORE_FACTS } from './facts/core.js';
import { MACHINERY_FACTS } from './facts/machinery.js';
import { NETWORK_FACTS } from './facts/network.js';
import { WORKLOADS_FACTS } from './facts/workloads.js';

/**
 * What the models of @kubernetes/client-node do not tell. One line per type under the `# package` it lives in:
 * its name, `!` where server-side apply takes it as a whole, then `field:flag,flag` for fields with something
 * to tell: `*` a pointer in Go; `{}`, `0` or `=value` the value when absent; `atomic`, `set`, `map(keys)` the
 * list type; `patch(strategy key)`; `whole` an atomic map; `@Type` a type that the models hide; `enum(…)`.
 */
const ALL_FACTS = [
  MACHINERY_FACTS,
  CORE_FACTS,
  WORKLOADS_FACTS,
  NETWORK_FACTS,
  ACCESS_FACTS,
  CLUSTER_FACTS,
].join('');

export interface FieldFacts {
  pointer?: true;
  /** `{}`, `0` (the zero of its kind) or the text of a default. */
  default?: string;
  listType?: 'atomic' | 'set' | 'map';
  listMapKeys?: string[];
  patchStrategy?: string;
  patchMergeKey?: string;
  mapType?: 'atomic';
  special?: string;
  enum?: string[];
}

export interface TypeFacts {
  package: string;
  name: string;
  mapType?: 'atomic';
  fields: Map<string, FieldFacts>;
}

/** Part of the name under which a generated catalogue is kept, so that changed facts make a new one. */
export const FACTS_TEXT = ALL_FACTS;

export function parseFacts(): TypeFacts[] {
  const types: TypeFacts[] = [];
  let packageName = '';
  for (const line of ALL_FACTS.split('\n')) {
    if (line.startsWith('# ')) packageName = line.slice(2);
    else if (line !== '') types.push(parseLine(packageName, line));
  }
  return types;
}

function parseLine(packageName: string, line: string): TypeFacts {
  const end = line.indexOf(' ');
  const head = end === -1 ? line : line.slice(0, end);
  const fields = new Map<string, FieldFacts>();
  for (const [, field = '', flags = ''] of line.matchAll(
    / ([^\s:]+):((?:[^\s(,]+(?:\([^)]*\))?,?)+)/g,
  )) {
    fields.set(field, parseFlags(flags));
  }
  return {
    package: packageName,
    name: head.replace('!', ''),
    ...(head.endsWith('!') && { mapType: 'atomic' }),
    fields,
  };
}

function parseFlags(flags: string): FieldFacts {
  const facts: FieldFacts = {};
  for (const [flag] of flags.matchAll(/[^,(]+(?:\([^)]*\))?/g)) {
    const [, word = flag, inside = ''] = /^(\w+)\((.*)\)$/.exec(flag) ?? [];
    if (flag === '*') facts.pointer = true;
    else if (flag === '{}' || flag === '0') facts.default = flag;
    else if (flag.startsWith('=')) facts.default = flag;
    else if (flag.startsWith('@')) facts.special = flag.slice(1);
    else if (flag === 'atomic' || flag === 'set') facts.listType = flag;
    else if (flag === 'whole') facts.mapType = 'atomic';
    else if (word === 'map')
      Object.assign(facts, { listType: 'map', listMapKeys: inside.split(' ') });
    else if (word === 'enum') facts.enum = inside.split('|');
    else if (word === 'patch') {
      const [strategy = '', key] = inside.split(' ');
      facts.patchStrategy = strategy;
      if (key !== undefined) facts.patchMergeKey = key;
    } else throw new Error(`Unknown flag in the facts: ${flag}`);
  }
  return facts;
}
