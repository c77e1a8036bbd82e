import { isJsonObject } from '../../../../common/json.js';
import type { JsonObject } from '../../../../common/json.js';

/**
 * A set of field paths as a tree. A path element is written as in FieldsV1: `f:name`, `k:{"name":"web"}`,
 * `v:"x"`. Immutable once built by `insert` calls of its maker.
 */
export class FieldSet {
  /** Elements that are themselves in the set. */
  readonly members = new Set<string>();
  readonly children = new Map<string, FieldSet>();

  insert(path: readonly string[]): void {
    const last = path.at(-1);
    if (last === undefined) return;
    const [first] = path;
    if (path.length === 1 || first === undefined) {
      this.members.add(last);
      return;
    }
    let child = this.children.get(first);
    if (child === undefined) {
      child = new FieldSet();
      this.children.set(first, child);
    }
    child.insert(path.slice(1));
  }

  has(path: readonly string[]): boolean {
    const [first, ...rest] = path;
    if (first === undefined) return false;
    if (rest.length === 0) return this.members.has(first);
    return this.children.get(first)?.has(rest) ?? false;
  }

  get isEmpty(): boolean {
    return this.members.size === 0 && this.children.size === 0;
  }

  union(other: FieldSet): FieldSet {
    if (this.isEmpty) return other;
    if (other.isEmpty) return this;
    const result = new FieldSet();
    for (const set of [this, other]) for (const element of set.members) result.members.add(element);
    for (const [element, child] of this.children) {
      const others = other.children.get(element);
      result.children.set(element, others === undefined ? child : child.union(others));
    }
    for (const [element, child] of other.children) {
      if (!this.children.has(element)) result.children.set(element, child);
    }
    return result;
  }

  difference(other: FieldSet): FieldSet {
    if (this.isEmpty || other.isEmpty) return this;
    return this.#combine(other, {
      keepMember: (inOther) => !inOther,
      keepChild: (child, others) => (others === undefined ? child : child.difference(others)),
    });
  }

  intersection(other: FieldSet): FieldSet {
    return this.#combine(other, {
      keepMember: (inOther) => inOther,
      keepChild: (child, others) => (others === undefined ? undefined : child.intersection(others)),
    });
  }

  /** As `difference`, but a member of `other` takes everything below it away too. */
  recursiveDifference(other: FieldSet): FieldSet {
    const result = new FieldSet();
    for (const element of this.members) {
      if (!other.members.has(element)) result.members.add(element);
    }
    for (const [element, child] of this.children) {
      if (other.members.has(element)) continue;
      const others = other.children.get(element);
      const left = others === undefined ? child : child.recursiveDifference(others);
      if (!left.isEmpty) result.children.set(element, left);
    }
    return result;
  }

  /** Every path, parents before children, in the order FieldsV1 writes them. */
  *paths(prefix: readonly string[] = []): Generator<readonly string[]> {
    for (const element of this.#elements()) {
      const path = [...prefix, element];
      if (this.members.has(element)) yield path;
      const child = this.children.get(element);
      if (child !== undefined) yield* child.paths(path);
    }
  }

  equals(other: FieldSet): boolean {
    if (this.members.size !== other.members.size || this.children.size !== other.children.size) {
      return false;
    }
    for (const element of this.members) if (!other.members.has(element)) return false;
    for (const [element, child] of this.children) {
      const others = other.children.get(element);
      if (others === undefined || !child.equals(others)) return false;
    }
    return true;
  }

  /** FieldsV1. */
  toJson(): JsonObject {
    const json: JsonObject = {};
    for (const element of this.#elements()) {
      const child = this.children.get(element);
      if (child === undefined) json[element] = {};
      else json[element] = { ...(this.members.has(element) && { '.': {} }), ...child.toJson() };
    }
    return json;
  }

  #combine(
    other: FieldSet,
    rule: {
      keepMember(inOther: boolean): boolean;
      keepChild(child: FieldSet, others: FieldSet | undefined): FieldSet | undefined;
    },
  ): FieldSet {
    const result = new FieldSet();
    for (const element of this.members) {
      if (rule.keepMember(other.members.has(element))) result.members.add(element);
    }
    for (const [element, child] of this.children) {
      const kept = rule.keepChild(child, other.children.get(element));
      if (kept !== undefined && !kept.isEmpty) result.children.set(element, kept);
    }
    return result;
  }

  #elements(): string[] {
    const elements = [...this.members];
    for (const element of this.children.keys()) {
      if (!this.members.has(element)) elements.push(element);
    }
    return elements.sort();
  }
}

const parsed = new WeakMap<object, FieldSet>();

/** Reads FieldsV1; what is stored is read once. */
export function parseFieldSet(json: unknown): FieldSet {
  if (!isJsonObject(json)) return new FieldSet();
  const known = parsed.get(json);
  if (known !== undefined) return known;
  const set = new FieldSet();
  for (const [element, value] of Object.entries(json)) {
    if (element === '.' || !isJsonObject(value)) continue;
    const keys = Object.keys(value);
    if (keys.length === 0 || '.' in value) set.members.add(element);
    if (keys.length > 1 || (keys.length === 1 && keys[0] !== '.')) {
      set.children.set(element, parseFieldSet(value));
    }
  }
  if (Object.isFrozen(json)) parsed.set(json, set);
  return set;
}

/** `.spec.containers[name="web"].image`, as conflicts name fields. */
export function pathText(path: readonly string[]): string {
  return path
    .map((element) => {
      const value = element.slice(2);
      if (element.startsWith('f:')) return `.${value}`;
      if (element.startsWith('v:')) return `[=${value}]`;
      if (element.startsWith('i:')) return `[${value}]`;
      const keys: unknown = JSON.parse(value);
      if (!isJsonObject(keys)) return `[${value}]`;
      const terms = Object.entries(keys).map(([key, item]) => `${key}=${JSON.stringify(item)}`);
      return `[${terms.join(',')}]`;
    })
    .join('');
}
