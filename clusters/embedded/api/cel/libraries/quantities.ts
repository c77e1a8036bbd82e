import type { Environment } from '@marcbachmann/cel-js';
import { formatQuantity, parseQuantity, QUANTITY_FORMAT_ERROR } from '../../kinds/quantity.js';
import { CelValue } from '../values.js';

const ONE = 1_000_000_000n;

class CelQuantity extends CelValue {
  readonly nano: bigint;

  constructor(nano: bigint) {
    super();
    this.nano = nano;
  }

  override toString(): string {
    return formatQuantity({ nano: this.nano, style: 'decimal' });
  }
}

/** `quantity("1Gi").isLessThan(quantity("2Gi"))` and its sisters. */
export function addQuantities(env: Environment): void {
  env.registerType('Quantity', { ctor: CelQuantity, fields: {} });
  env.registerFunction(
    'isQuantity(string): bool',
    (text: string) => parseQuantity(text) !== undefined,
  );
  env.registerFunction('quantity(string): Quantity', (text: string) => {
    const quantity = parseQuantity(text);
    if (quantity === undefined) throw new Error(QUANTITY_FORMAT_ERROR);
    return new CelQuantity(quantity.nano);
  });
  const on = (
    signature: string,
    handler: (quantity: CelQuantity, other: unknown) => unknown,
  ): void => {
    env.registerFunction(`Quantity.${signature}`, handler);
  };
  on('isInteger(): bool', ({ nano }) => nano % ONE === 0n);
  on('asInteger(): int', ({ nano }) => {
    if (nano % ONE !== 0n) throw new Error('cannot convert value to integer');
    return nano / ONE;
  });
  on('asApproximateFloat(): double', ({ nano }) => Number(nano) / 1e9);
  on('sign(): int', ({ nano }) => (nano === 0n ? 0n : nano < 0n ? -1n : 1n));
  on('add(Quantity): Quantity', ({ nano }, other) => new CelQuantity(nano + nanoOf(other)));
  on('add(int): Quantity', ({ nano }, other) => new CelQuantity(nano + nanoOf(other)));
  on('sub(Quantity): Quantity', ({ nano }, other) => new CelQuantity(nano - nanoOf(other)));
  on('sub(int): Quantity', ({ nano }, other) => new CelQuantity(nano - nanoOf(other)));
  on('isGreaterThan(Quantity): bool', ({ nano }, other) => nano > nanoOf(other));
  on('isLessThan(Quantity): bool', ({ nano }, other) => nano < nanoOf(other));
  on('compareTo(Quantity): int', ({ nano }, other) => {
    const difference = nano - nanoOf(other);
    return difference === 0n ? 0n : difference < 0n ? -1n : 1n;
  });
  env.registerOperator(
    'Quantity == Quantity',
    (a: CelQuantity, b: CelQuantity) => a.nano === b.nano,
  );
}

function nanoOf(value: unknown): bigint {
  if (value instanceof CelQuantity) return value.nano;
  return typeof value === 'bigint' ? value * ONE : 0n;
}
