/** Copying, comparing and freezing of plain JSON trees; the hot path of every write. */

/** A deep copy that shares nothing with the original. */
export function cloneJson<T>(value: T): T {
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- a copy has the type of its original
  return cloneValue(value) as T;
}

export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i += 1) if (!equalJson(a[i], b[i])) return false;
    return true;
  }
  if (Array.isArray(b)) return false;
  if (!isRecord(a) || !isRecord(b)) return false;
  let count = 0;
  for (const key in a) {
    if (a[key] === undefined) continue;
    count += 1;
    if (!equalJson(a[key], b[key])) return false;
  }
  for (const key in b) if (b[key] !== undefined) count -= 1;
  return count === 0;
}

/**
 * Freezes a tree that is about to be stored. Parts that equal the same part of `old` are replaced by it, so that
 * versions of one object share memory and later comparisons end early. Undefined fields are removed.
 */
export function settleJson<T>(value: T, old?: unknown): T {
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- equal to the original, so of its type
  return settle(value, old) as T;
}

function cloneValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(cloneValue);
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (typeof item === 'object' && item !== null) setField(copy, key, cloneValue(item));
    else if (item !== undefined) setField(copy, key, item);
  }
  return copy;
}

function settle(value: unknown, old: unknown): unknown {
  if (typeof value !== 'object' || value === null || value === old) return value;
  if (Object.isFrozen(value)) return value;
  if (Array.isArray(value)) {
    const items: unknown[] = value;
    const before: unknown[] = Array.isArray(old) ? old : [];
    let same = Array.isArray(old) && before.length === items.length;
    for (let i = 0; i < items.length; i += 1) {
      items[i] = settle(items[i], before[i]);
      if (items[i] !== before[i]) same = false;
    }
    return same ? old : Object.freeze(items);
  }
  if (!isRecord(value)) return value;
  const before = isRecord(old) && !Array.isArray(old) ? old : undefined;
  let same = before !== undefined;
  let count = 0;
  for (const key of Object.keys(value)) {
    const item = value[key];
    if (item === undefined) {
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- JSON has no undefined
      delete value[key];
      continue;
    }
    count += 1;
    const settled = settle(item, before?.[key]);
    if (settled !== item) value[key] = settled;
    if (same && settled !== before?.[key]) same = false;
  }
  if (same && before !== undefined && Object.keys(before).length === count) return before;
  return Object.freeze(value);
}

/** `__proto__` from a client must become a plain field. */
export function setField(target: object, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  } else Reflect.set(target, key, value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
