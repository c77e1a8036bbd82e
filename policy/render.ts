/** Writes rules as nft scripts, each one transaction. The order makes every moment right. */
import {
  CHAIN_KINDS,
  POD_MAPS,
  TABLES,
  VERDICT_MAPS,
  type NodeRules,
  type NodeSet,
  type VerdictMap,
} from './node-rules.js';
import { changeHostHooks, hostHooks } from './render-host.js';

/**
 * Everything, from nothing or in place of whatever an earlier run left: the table is filled first, and its
 * last transaction hooks it into the forward path while it removes the other tables of `TABLES`. To replace
 * a table that is in use, compile for the other name.
 */
export function renderFull(rules: NodeRules): string[] {
  const script = new Script();
  const table = `inet ${rules.table}`;
  script.add(`add table ${table}`, `delete table ${table}`, `add table ${table}`);
  for (const map of VERDICT_MAPS) {
    script.add(`add map ${table} ${map} { type ${keyType(map)} : verdict; }`);
  }
  for (const [name, set] of rules.sets) addSet(script, { table, name, set });
  for (const kind of CHAIN_KINDS) {
    for (const [name, lines] of rules[kind]) addChain(script, { table, name, lines });
  }
  for (const map of VERDICT_MAPS) {
    const elements = [...rules.verdicts[map]].map(
      ([address, chain]) => `${address} : goto ${chain}`,
    );
    addElements(script, `element ${table} ${map}`, elements);
  }
  script.next();
  for (const direction of ['egress', 'ingress'] as const) {
    const [side, priority] = direction === 'egress' ? ['saddr', 5] : ['daddr', 4];
    script.add(
      // Two hooks, so that `accept` in any depth means: this direction is content.
      `add chain ${table} ${direction} { type filter hook forward priority filter - ${priority}; policy accept; }`,
      `add rule ${table} ${direction} ct state established,related accept`,
      // Neighbour discovery must work whatever policies say.
      `add rule ${table} ${direction} icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, nd-redirect } accept`,
      // A pod that reaches itself through a Service.
      `add rule ${table} ${direction} ip saddr . ip daddr @self4 accept`,
      `add rule ${table} ${direction} ip6 saddr . ip6 daddr @self6 accept`,
      `add rule ${table} ${direction} ip ${side} vmap @${direction}4`,
      `add rule ${table} ${direction} ip6 ${side} vmap @${direction}6`,
    );
  }
  script.add(...hostHooks(rules, table));
  for (const other of TABLES) {
    if (other !== rules.table) script.add(`add table inet ${other}`, `delete table inet ${other}`);
  }
  return script.transactions().map(({ text }) => text);
}

function keyType(map: VerdictMap): string {
  if (!POD_MAPS.some((pod) => pod === map)) return 'ifname';
  return map.endsWith('4') ? 'ipv4_addr' : 'ipv6_addr';
}

/** Removes all that `renderFull` ever made. */
export function renderNothing(): string {
  return TABLES.flatMap((table) => [`add table inet ${table}`, `delete table inet ${table}`]).join(
    '\n',
  );
}

/**
 * From one state to the next of the same table: new chains and sets first, unseen; then one transaction
 * that changes elements and moves pods over; then what nobody uses any more is removed. Empty where
 * nothing differs. Where a transaction fails, the state is that of `old` or `next` for each pod; render
 * in full again for the other table.
 */
export function renderDelta(old: NodeRules, next: NodeRules): string[] {
  if (old.table !== next.table) throw new Error('A delta stays within one table.');
  const table = `inet ${next.table}`;
  const parts = [
    ...prepare(old, next, table),
    ...switchOver(old, next, table),
    ...cleanUp(old, next, table),
  ];
  // Most changes are small: then all of it happens in one moment.
  const small = parts.reduce((sum, { weight }) => sum + weight, 0) <= MAX_WEIGHT;
  const scripts = parts.map(({ text }) => text);
  return small && parts.length > 1 ? [scripts.join('\n')] : scripts;
}

function prepare(old: NodeRules, next: NodeRules, table: string): Transaction[] {
  const script = new Script();
  for (const [name, set] of next.sets) {
    if (!old.sets.has(name)) addSet(script, { table, name, set });
  }
  for (const kind of CHAIN_KINDS) {
    for (const [name, lines] of next[kind]) {
      if (!old[kind].has(name)) addChain(script, { table, name, lines });
    }
  }
  return script.transactions();
}

function switchOver(old: NodeRules, next: NodeRules, table: string): Transaction[] {
  const script = new Script(MAX_ELEMENTS);
  for (const [name, set] of next.sets) {
    const before = old.sets.get(name);
    if (before === undefined || sameList(before.elements, set.elements)) continue;
    const had = new Set(before.elements);
    const has = new Set(set.elements);
    const gone = before.elements.filter((element) => !has.has(element));
    const come = set.elements.filter((element) => !had.has(element));
    changeElements(script, `element ${table} ${name}`, { gone, come });
  }
  for (const map of VERDICT_MAPS) {
    const [before, after] = [old.verdicts[map], next.verdicts[map]];
    const gone: string[] = [];
    const come: string[] = [];
    for (const [address, chain] of before) {
      if (after.get(address) !== chain) gone.push(address);
    }
    for (const [address, chain] of after) {
      if (before.get(address) !== chain) come.push(`${address} : goto ${chain}`);
    }
    changeElements(script, `element ${table} ${map}`, { gone, come });
  }
  script.add(...changeHostHooks(old, next, table));
  return script.transactions();
}

function cleanUp(old: NodeRules, next: NodeRules, table: string): Transaction[] {
  const script = new Script();
  for (const kind of CHAIN_KINDS.toReversed()) {
    for (const name of old[kind].keys()) {
      if (next[kind].has(name)) continue;
      script.add(`flush chain ${table} ${name}`, `delete chain ${table} ${name}`);
    }
  }
  for (const name of old.sets.keys()) {
    if (!next.sets.has(name)) script.add(`delete set ${table} ${name}`);
  }
  return script.transactions();
}

/** Flushed at once, so that what a failed earlier attempt left under this name does no harm. */
function addSet(
  script: Script,
  { table, name, set }: { table: string; name: string; set: NodeSet },
): void {
  const flags = set.interval ? ' flags interval;' : '';
  script.add(
    `add set ${table} ${name} { type ${set.type};${flags} }`,
    `flush set ${table} ${name}`,
  );
  addElements(script, `element ${table} ${name}`, set.elements);
}

function addChain(
  script: Script,
  { table, name, lines }: { table: string; name: string; lines: readonly string[] },
): void {
  script.add(`add chain ${table} ${name}`, `flush chain ${table} ${name}`);
  for (const line of lines) {
    // A map in a rule has elements too.
    const weight = 1 + line.split(', ').length / ELEMENTS_PER_COMMAND;
    script.addWeighed(`add rule ${table} ${name} ${line}`, weight);
  }
}

function addElements(script: Script, target: string, elements: readonly string[]): void {
  for (let at = 0; at < elements.length; at += ELEMENTS_PER_LINE) {
    const part = elements.slice(at, at + ELEMENTS_PER_LINE);
    script.addWeighed(
      `add ${target} { ${part.join(', ')} }`,
      1 + part.length / ELEMENTS_PER_COMMAND,
    );
  }
}

/** Both halves in one transaction: an address must never be without its chain. */
function changeElements(
  script: Script,
  target: string,
  { gone, come }: { gone: readonly string[]; come: readonly string[] },
): void {
  if (gone.length === 0 && come.length === 0) return;
  const lines = [
    ...(gone.length > 0 ? [`delete ${target} { ${gone.join(', ')} }`] : []),
    ...(come.length > 0 ? [`add ${target} { ${come.join(', ')} }`] : []),
  ];
  script.addWeighed(lines.join('\n'), lines.length + gone.length + come.length);
}

// One transaction of more than 400 chains and rules fails with "Message too long"; 10,000 elements pass.
const MAX_WEIGHT = 200;
const MAX_ELEMENTS = 5000;
const ELEMENTS_PER_LINE = 500;
const ELEMENTS_PER_COMMAND = 25;

interface Transaction {
  text: string;
  weight: number;
}

const sameList = (a: readonly string[], b: readonly string[]): boolean =>
  a === b || (a.length === b.length && a.every((element, i) => element === b[i]));

class Script {
  readonly #max: number;
  #lines: string[] = [];
  #weight = 0;
  readonly #done: Transaction[] = [];

  constructor(max = MAX_WEIGHT) {
    this.#max = max;
  }

  add(...lines: string[]): void {
    for (const line of lines) this.addWeighed(line, 1);
  }

  addWeighed(line: string, weight: number): void {
    if (this.#weight > 0 && this.#weight + weight > this.#max) this.next();
    this.#lines.push(line);
    this.#weight += weight;
  }

  /** What follows belongs to the next transaction. */
  next(): void {
    if (this.#lines.length > 0) {
      this.#done.push({ text: this.#lines.join('\n'), weight: this.#weight });
    }
    this.#lines = [];
    this.#weight = 0;
  }

  transactions(): Transaction[] {
    this.next();
    return this.#done;
  }
}
