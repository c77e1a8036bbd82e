/** Resource quantities (`500m`, `64Mi`, `1e3`) as Kubernetes reads, compares and writes them. */

export const QUANTITY_FORMAT_ERROR =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

type Style = 'decimal' | 'binary' | 'exponent';

export interface Quantity {
  /** The amount in billionths, rounded away from zero beyond that. */
  nano: bigint;
  style: Style;
}

const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const ONE = 1_000_000_000n;
/** The largest amount there is; what is larger counts as this. */
const MAX = ONE * (2n ** 63n - 1n);
/** More digits than these cannot matter, and would only cost time. */
const MAX_DIGITS = 40;

/** Undefined where the text is no quantity. */
export function parseQuantity(value: string | number): Quantity | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?([A-Za-z]*)([+-]?\d+)?$/.exec(String(value));
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', letters = '', exponent] = match;
  if (whole === '' && fraction === '') return undefined;
  const unit = unitOf(letters, exponent);
  if (unit === undefined) return undefined;
  const { scale, factor, style } = unit;
  const digits = whole.replace(/^0+/, '');
  const power = clamp(scale, MAX_DIGITS);
  const nano =
    digits.length > MAX_DIGITS
      ? MAX
      : inNano(digits, fraction.slice(0, MAX_DIGITS), { power, factor });
  return { nano: sign === '-' ? -nano : nano, style };
}

/** The canonical text that a real server stores: `0.5` -> `500m`, `1024Mi` -> `1Gi`. */
export function formatQuantity({ nano, style }: Quantity): string {
  const integral = nano % ONE === 0n;
  const value = nano / ONE;
  if (style === 'binary' && integral && (value >= 1024n || value <= -1024n)) {
    let amount = value;
    let unit = 0;
    while (amount % 1024n === 0n && unit < BINARY.length - 1) {
      amount /= 1024n;
      unit += 1;
    }
    return `${String(amount)}${BINARY[unit] ?? ''}`;
  }
  if (nano === 0n) return '0';
  let amount = nano;
  let unit = 0;
  while (amount % 1000n === 0n && unit < DECIMAL.length - 1) {
    amount /= 1000n;
    unit += 1;
  }
  const exponent = unit * 3 - 9;
  if (style === 'exponent')
    return exponent === 0 ? String(amount) : `${String(amount)}e${exponent}`;
  return `${String(amount)}${DECIMAL[unit] ?? ''}`;
}

/** The canonical text of a quantity, or the text itself where it is none. */
export function canonicalQuantity(value: string | number): string {
  const quantity = parseQuantity(value);
  return quantity === undefined ? String(value) : formatQuantity(quantity);
}

/** Negative, zero or positive as `a` is less than, equal to or more than `b`; no quantity counts as zero. */
export function compareQuantities(a: string | number, b: string | number): number {
  const difference = (parseQuantity(a)?.nano ?? 0n) - (parseQuantity(b)?.nano ?? 0n);
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}

/** Whole units, rounded up: `500m` -> 1. */
export function quantityToInteger(value: string | number): number {
  const nano = parseQuantity(value)?.nano ?? 0n;
  return Number(nano / ONE + (nano > 0n && nano % ONE !== 0n ? 1n : 0n));
}

/** The sum, written in the style of the first. */
export function addQuantities(a: string | number, b: string | number): string {
  const first = parseQuantity(a) ?? { nano: 0n, style: 'decimal' };
  const second = parseQuantity(b) ?? { nano: 0n, style: 'decimal' };
  const style = first.nano === 0n ? second.style : first.style;
  return formatQuantity({ nano: first.nano + second.nano, style });
}

/** Parts of a billionth count as one. */
function inNano(
  whole: string,
  fraction: string,
  { power, factor }: { power: number; factor: bigint },
): bigint {
  const amount = BigInt(`${whole}${fraction}`) * factor;
  const shift = 9 + power - fraction.length;
  if (shift >= 0) return smaller(amount * 10n ** BigInt(shift), MAX);
  const divisor = 10n ** BigInt(-shift);
  return smaller(amount / divisor + (amount % divisor === 0n ? 0n : 1n), MAX);
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function clamp(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value));
}

function unitOf(
  letters: string,
  exponent: string | undefined,
): { scale: number; factor: bigint; style: Style } | undefined {
  if (exponent !== undefined) {
    if (letters !== 'e' && letters !== 'E') return undefined;
    return { scale: Number(exponent), factor: 1n, style: 'exponent' };
  }
  const binary = BINARY.indexOf(letters);
  if (letters !== '' && binary > 0)
    return { scale: 0, factor: 1024n ** BigInt(binary), style: 'binary' };
  const decimal = DECIMAL.indexOf(letters);
  if (decimal === -1) return undefined;
  return { scale: decimal * 3 - 9, factor: 1n, style: 'decimal' };
}
