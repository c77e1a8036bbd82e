/** The changing part of an nftables table as data, and the script that leads from one state to another. */
export interface TableContent {
  /** Verdict maps: name -> key -> verdict. */
  maps: ReadonlyMap<string, ReadonlyMap<string, string>>;
  sets: ReadonlyMap<string, ReadonlySet<string>>;
  /** Sets that the kernel fills itself: name -> declaration. */
  dynamicSets: ReadonlyMap<string, string>;
  /** Regular chains: name -> rules. */
  chains: ReadonlyMap<string, readonly string[]>;
}

export const EMPTY_CONTENT: TableContent = {
  maps: new Map(),
  sets: new Map(),
  dynamicSets: new Map(),
  chains: new Map(),
};

/** One transaction's commands; empty where nothing changed. Maps and sets themselves exist already. */
export function diffTable(table: string, before: TableContent, after: TableContent): string {
  const out: string[] = [];
  for (const [name, declaration] of after.dynamicSets) {
    if (!before.dynamicSets.has(name)) out.push(`add set ${table} ${name} { ${declaration} }`);
  }
  for (const [name] of after.chains) {
    if (!before.chains.has(name)) out.push(`add chain ${table} ${name}`);
  }
  for (const [name, rules] of after.chains) {
    const old = before.chains.get(name);
    if (old !== undefined && sameList(old, rules)) continue;
    if (old !== undefined && old.length > 0) out.push(`flush chain ${table} ${name}`);
    for (const rule of rules) out.push(`add rule ${table} ${name} ${rule}`);
  }
  for (const [name, map] of union(before.maps, after.maps)) {
    const old = before.maps.get(name) ?? new Map<string, string>();
    const now = after.maps.get(name) ?? map;
    const isGone = after.maps.get(name) === undefined;
    const removed = [...old].filter(([key, value]) => isGone || now.get(key) !== value);
    const added = isGone ? [] : [...now].filter(([key, value]) => old.get(key) !== value);
    elements(
      out,
      `delete element ${table} ${name}`,
      removed.map(([key]) => key),
    );
    elements(
      out,
      `add element ${table} ${name}`,
      added.map(([key, value]) => `${key} : ${value}`),
    );
  }
  for (const [name] of union(before.sets, after.sets)) {
    const old = before.sets.get(name) ?? new Set<string>();
    const now = after.sets.get(name) ?? new Set<string>();
    elements(
      out,
      `delete element ${table} ${name}`,
      [...old].filter((one) => !now.has(one)),
    );
    elements(
      out,
      `add element ${table} ${name}`,
      [...now].filter((one) => !old.has(one)),
    );
  }
  const dead = [...before.chains.keys()].filter((name) => !after.chains.has(name));
  for (const name of dead) out.push(`flush chain ${table} ${name}`);
  for (const name of dead) out.push(`delete chain ${table} ${name}`);
  for (const [name] of before.dynamicSets) {
    if (!after.dynamicSets.has(name)) out.push(`delete set ${table} ${name}`);
  }
  return out.join('\n');
}

function union<T>(a: ReadonlyMap<string, T>, b: ReadonlyMap<string, T>): Map<string, T> {
  return new Map([...a, ...b]);
}

function elements(out: string[], command: string, list: readonly string[]): void {
  if (list.length > 0) out.push(`${command} { ${list.join(', ')} }`);
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}
