/** Checks cron schedules as the real server's parser does; the first fault in its words, undefined for good ones. */
export function scheduleFault(schedule: string): string | undefined {
  if (schedule.startsWith('@')) {
    if (DESCRIPTORS.has(schedule)) return undefined;
    const duration = /^@every (.*)$/.exec(schedule)?.[1];
    if (duration === undefined) return `unrecognized descriptor: ${schedule}`;
    return /^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(duration)
      ? undefined
      : `failed to parse duration ${schedule}: time: invalid duration ${JSON.stringify(duration)}`;
  }
  const fields = schedule.trim().split(/\s+/);
  if (fields.length !== FIELDS.length) {
    return `expected exactly ${FIELDS.length} fields, found ${fields.length}: [${fields.join(' ')}]`;
  }
  for (const [index, range] of FIELDS.entries()) {
    for (const part of (fields[index] ?? '').split(',')) {
      const fault = partFault(part, range);
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
}

const DESCRIPTORS = new Set([
  '@yearly',
  '@annually',
  '@monthly',
  '@weekly',
  '@daily',
  '@midnight',
  '@hourly',
]);

interface Range {
  min: number;
  max: number;
  names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const FIELDS: readonly Range[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: DAYS },
];

/** One of `*`, `n`, `a-b`, each with an optional `/step`. */
function partFault(part: string, range: Range): string | undefined {
  const [span = '', step, ...more] = part.split('/');
  const [first = '', last, ...rest] = span.split('-');
  if (more.length > 0) return `too many slashes: ${part}`;
  if (rest.length > 0) return `too many hyphens: ${part}`;
  let start = range.min;
  let end = range.max;
  if (first !== '*' && first !== '?') {
    const from = numberOf(first, range);
    if (typeof from === 'string') return from;
    start = from;
    end = step === undefined ? from : range.max;
    if (last !== undefined) {
      const to = numberOf(last, range);
      if (typeof to === 'string') return to;
      end = to;
    }
  }
  if (step !== undefined) {
    const by = numberOf(step, { min: 0, max: 0 });
    if (typeof by === 'string') return by;
    if (by === 0) return `step of range should be a positive number: ${part}`;
  }
  if (start < range.min)
    return `beginning of range (${start}) below minimum (${range.min}): ${part}`;
  if (end > range.max) return `end of range (${end}) above maximum (${range.max}): ${part}`;
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${part}`;
  return undefined;
}

function numberOf(text: string, range: Range): number | string {
  const named = range.names?.indexOf(text.toLowerCase()) ?? -1;
  if (named !== -1) return named + range.min;
  if (/^\d+$/.test(text)) return Number(text);
  const quoted = JSON.stringify(text);
  if (/^-\d+$/.test(text)) return `negative number (${text}) not allowed: ${text}`;
  return `failed to parse int from ${text}: strconv.Atoi: parsing ${quoted}: invalid syntax`;
}
