/** Times that a schedule names, five fields or one of the `@` names. */
export interface CronSchedule {
  /** The first time after `afterMs`, or undefined where there is none within five years. */
  next(afterMs: number): number | undefined;
}

interface Field {
  min: number;
  max: number;
  names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const MINUTE: Field = { min: 0, max: 59 };
const HOUR: Field = { min: 0, max: 23 };
const DAY_OF_MONTH: Field = { min: 1, max: 31 };
const MONTH: Field = { min: 1, max: 12, names: MONTHS };
const DAY_OF_WEEK: Field = { min: 0, max: 7, names: DAYS };

const SHORT_FORMS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const HORIZON_DAYS = 5 * 366;

/** Throws a plain Error that says what is wrong with the text. */
export function parseCron(text: string, timeZone = 'UTC'): CronSchedule {
  const every = /^@every (\d+)(s|m|h)$/.exec(text.trim());
  if (every !== null) return everySchedule(Number(every[1]), every[2] ?? 's');
  const fields = (SHORT_FORMS[text.trim()] ?? text).trim().split(/\s+/);
  if (fields.length !== 5) {
    throw new Error(`expected exactly 5 fields, found ${fields.length}: ${text}`);
  }
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = fields;
  const minutes = parseField(minute, MINUTE);
  const hours = parseField(hour, HOUR);
  const days = parseField(day, DAY_OF_MONTH);
  const months = parseField(month, MONTH);
  const weekdays = parseField(weekday, DAY_OF_WEEK);
  if (weekdays.has(7)) weekdays.add(0);
  const anyDay = day.startsWith('*') || day.startsWith('?');
  const anyWeekday = weekday.startsWith('*') || weekday.startsWith('?');

  const matchesDay = (local: Date): boolean => {
    if (!months.has(local.getUTCMonth() + 1)) return false;
    const byDay = days.has(local.getUTCDate());
    const byWeekday = weekdays.has(local.getUTCDay());
    // Where both are given, either of them will do.
    return anyDay || anyWeekday ? byDay && byWeekday : byDay || byWeekday;
  };
  const times = [...hours]
    .sort((a, b) => a - b)
    .flatMap((h) => [...minutes].sort((a, b) => a - b).map((m) => (h * 60 + m) * MINUTE_MS));
  const offset = offsetOf(timeZone);

  return {
    next(afterMs) {
      const localMs = afterMs + offset(afterMs);
      const firstDay = Math.floor(localMs / DAY_MS) * DAY_MS;
      for (let i = 0; i <= HORIZON_DAYS; i += 1) {
        const dayMs = firstDay + i * DAY_MS;
        if (!matchesDay(new Date(dayMs))) continue;
        for (const time of times) {
          const candidate = toInstant(dayMs + time, offset);
          if (candidate > afterMs) return candidate;
        }
      }
      return undefined;
    },
  };
}

function everySchedule(count: number, unit: string): CronSchedule {
  const stepMs = Math.max(
    1000,
    count * ({ s: 1000, m: MINUTE_MS, h: 60 * MINUTE_MS }[unit] ?? 1000),
  );
  return { next: (afterMs) => Math.floor(afterMs / 1000) * 1000 + stepMs };
}

function parseField(text: string, field: Field): Set<number> {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const [range = '', stepText, ...rest] = part.split('/');
    const step = stepText === undefined ? 1 : Number(stepText);
    if (rest.length > 0 || !Number.isInteger(step) || step < 1) {
      throw new Error(`failed to parse step: ${part}`);
    }
    const [from, to] = parseRange(range, { field, hasStep: stepText !== undefined });
    if (from < field.min || to > field.max || from > to) {
      throw new Error(`${part} is not between ${field.min} and ${field.max}`);
    }
    for (let value = from; value <= to; value += step) values.add(value);
  }
  return values;
}

function parseRange(
  text: string,
  options: { field: Field; hasStep: boolean },
): [from: number, to: number] {
  const { field, hasStep } = options;
  if (text === '*' || text === '?') return [field.min, field.max === 7 ? 6 : field.max];
  const [from = '', to, ...rest] = text.split('-');
  if (rest.length > 0) throw new Error(`too many hyphens: ${text}`);
  const first = parseValue(from, field);
  if (to !== undefined) return [first, parseValue(to, field)];
  return [first, hasStep ? field.max : first];
}

function parseValue(text: string, field: Field): number {
  const named = field.names?.indexOf(text.toLowerCase()) ?? -1;
  if (named >= 0) return named + field.min;
  if (!/^\d+$/.test(text)) throw new Error(`failed to parse number: ${text}`);
  return Number(text);
}

/** The instant at which clocks of the zone show a time; a time that summer time skips is taken late. */
function toInstant(localMs: number, offset: (ms: number) => number): number {
  const guess = localMs - offset(localMs);
  return localMs - offset(guess);
}

function offsetOf(timeZone: string): (ms: number) => number {
  if (timeZone === 'UTC' || timeZone === 'Etc/UTC') return () => 0;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (ms) => {
    const parts = new Map<string, number>(
      format.formatToParts(ms).map(({ type, value }) => [type, Number(value)] as const),
    );
    const of = (type: string): number => parts.get(type) ?? 0;
    const local = Date.UTC(
      of('year'),
      of('month') - 1,
      of('day'),
      of('hour'),
      of('minute'),
      of('second'),
    );
    return local - Math.floor(ms / 1000) * 1000;
  };
}
