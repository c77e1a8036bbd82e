import type { Environment } from '@marcbachmann/cel-js';

class SetFunctions {
  readonly library = 'sets';
}

/** Kubernetes' functions over lists, and those over lists as sets. */
export function addLists(env: Environment): void {
  env.registerFunction('list.isSorted(): bool', (list: unknown[]) =>
    list.every((item, index) => index === 0 || compare(list[index - 1], item) <= 0),
  );
  env.registerFunction('list.sum(): dyn', (list: unknown[]) => list.reduce(add, 0n));
  env.registerFunction('list.min(): dyn', (list: unknown[]) => extreme(list, 'min', -1));
  env.registerFunction('list.max(): dyn', (list: unknown[]) => extreme(list, 'max', 1));
  env.registerFunction('list.indexOf(dyn): int', (list: unknown[], item: unknown) =>
    BigInt(list.findIndex((other) => isSame(other, item))),
  );
  env.registerFunction('list.lastIndexOf(dyn): int', (list: unknown[], item: unknown) =>
    BigInt(list.findLastIndex((other) => isSame(other, item))),
  );
  env.registerType('SetFunctions', { ctor: SetFunctions, fields: {} });
  env.registerConstant('sets', 'SetFunctions', new SetFunctions());
  const holds = (list: unknown[], items: unknown[]): boolean =>
    items.every((item) => list.some((other) => isSame(other, item)));
  env.registerFunction(
    'SetFunctions.contains(list, list): bool',
    (_: SetFunctions, list: unknown[], items: unknown[]) => holds(list, items),
  );
  env.registerFunction(
    'SetFunctions.equivalent(list, list): bool',
    (_: SetFunctions, a: unknown[], b: unknown[]) => holds(a, b) && holds(b, a),
  );
  env.registerFunction(
    'SetFunctions.intersects(list, list): bool',
    (_: SetFunctions, a: unknown[], b: unknown[]) => a.some((item) => holds(b, [item])),
  );
}

function add(sum: unknown, item: unknown): unknown {
  if (typeof sum === 'bigint' && typeof item === 'bigint') return sum + item;
  if (typeof item === 'number') return Number(sum) + item;
  throw new Error('no such overload: sum');
}

function extreme(list: unknown[], name: string, sign: number): unknown {
  if (list.length === 0) throw new Error(`${name} called on empty list`);
  return list.reduce((best, item) => (compare(item, best) * sign > 0 ? item : best));
}

function compare(a: unknown, b: unknown): number {
  if (isOrdered(a) && isOrdered(b)) return a < b ? -1 : a > b ? 1 : 0;
  throw new Error('no such overload');
}

function isOrdered(value: unknown): value is string | number | bigint | boolean | Date {
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value) || value instanceof Date;
}

/** Values are few and small: their text tells them apart. */
function isSame(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === 'object' && typeof b === 'object' && textOf(a) === textOf(b));
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'bigint' ? `${item}n` : item instanceof Map ? [...item] : item,
  );
}
