const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** An age as `kubectl get` shows it: `45s`, `2m5s`, `3h`, `5d4h`. The larger, the coarser. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 2 * MINUTE) return `${seconds}s`;
  if (seconds < 10 * MINUTE)
    return two(seconds, { unit: MINUTE, name: 'm', rest: 1, restName: 's' });
  if (seconds < 3 * HOUR) return one(seconds, MINUTE, 'm');
  if (seconds < 8 * HOUR)
    return two(seconds, { unit: HOUR, name: 'h', rest: MINUTE, restName: 'm' });
  if (seconds < 2 * DAY) return one(seconds, HOUR, 'h');
  if (seconds < 8 * DAY) return two(seconds, { unit: DAY, name: 'd', rest: HOUR, restName: 'h' });
  if (seconds < 2 * YEAR) return one(seconds, DAY, 'd');
  if (seconds < 8 * YEAR) return two(seconds, { unit: YEAR, name: 'y', rest: DAY, restName: 'd' });
  return one(seconds, YEAR, 'y');
}

/** The age of a time as it is in an object; absent is `<unknown>`. */
export function ageOf(time: string | null | undefined, now: number): string {
  return time === undefined || time === null || time === ''
    ? '<unknown>'
    : humanDuration(now - Date.parse(time));
}

function one(seconds: number, unit: number, name: string): string {
  return `${Math.floor(seconds / unit)}${name}`;
}

function two(
  seconds: number,
  { unit, name, rest, restName }: { unit: number; name: string; rest: number; restName: string },
): string {
  const left = Math.floor((seconds % unit) / rest);
  return left === 0 ? one(seconds, unit, name) : `${one(seconds, unit, name)}${left}${restName}`;
}
