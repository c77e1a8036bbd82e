import { celText } from '../values.js';

/** `"%s has %d of %.2f".format([a, b, c])`, with the verbs of cel-go. */
export function formatText(text: string, values: readonly unknown[]): string {
  let next = 0;
  return text.replaceAll(/%(%|(?:\.\d+)?[a-zA-Z])/g, (_, clause: string) => {
    if (clause === '%') return '%';
    if (next >= values.length) throw new Error(`index ${next} out of range`);
    const value = values[next];
    next += 1;
    const digits = clause.slice(1, -1);
    return formatValue(value, clause.slice(-1), digits === '' ? 6 : Number(digits));
  });
}

function formatValue(value: unknown, verb: string, digits: number): string {
  switch (verb) {
    case 's':
      return celText(value);
    case 'd':
      if (typeof value !== 'bigint' && typeof value !== 'number') throw wrong('integers', value);
      return String(value);
    case 'f':
      return Number(value).toFixed(digits);
    case 'e':
      return Number(value)
        .toExponential(digits)
        .replace(/e([+-])(\d)$/, 'e$10$2');
    case 'b':
      if (typeof value === 'boolean') return value ? '1' : '0';
      return whole(value).toString(2);
    case 'o':
      return whole(value).toString(8);
    case 'x':
    case 'X': {
      const hex =
        typeof value === 'string' ? Buffer.from(value).toString('hex') : whole(value).toString(16);
      return verb === 'X' ? hex.toUpperCase() : hex;
    }
    default:
      throw new Error(
        `could not parse formatting clause: unrecognized formatting clause "${verb}"`,
      );
  }
}

function whole(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  throw wrong('integers', value);
}

function wrong(wanted: string, value: unknown): Error {
  return new Error(`only ${wanted} can be formatted that way, was given ${typeof value}`);
}
