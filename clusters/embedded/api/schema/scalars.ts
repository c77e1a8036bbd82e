/** Index of the first byte that is no base64, as Go counts it; undefined for good base64. */
export function base64Fault(text: string): number | undefined {
  let digits = 0;
  for (let i = 0; i < text.length; i += 1) {
    const char = text.charAt(i);
    if (char === '\n' || char === '\r') continue;
    if (char === '=') return paddingFault(text, i, digits % 4);
    if (!/[A-Za-z0-9+/]/.test(char)) return i;
    digits += 1;
  }
  return digits % 4 === 0 ? undefined : text.length - (digits % 4);
}

/** After the first `=`: two are due after two digits, one after three, and nothing else may follow. */
function paddingFault(text: string, start: number, digits: number): number | undefined {
  if (digits < 2) return start;
  const due = 4 - digits;
  let seen = 0;
  for (let i = start; i < text.length; i += 1) {
    const char = text.charAt(i);
    if (char === '\n' || char === '\r') continue;
    if (char !== '=' || seen === due) return i;
    seen += 1;
  }
  return seen === due ? undefined : text.length;
}

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** A time as Kubernetes writes it again: UTC, whole seconds, or microseconds where they are kept. */
export function normalTime(text: string, micro: boolean): { text: string } | { fault: string } {
  const layout = micro ? '2006-01-02T15:04:05.000000Z07:00' : '2006-01-02T15:04:05Z07:00';
  const match = RFC_3339.exec(text);
  const time = match === null ? Number.NaN : Date.parse(text);
  if (match === null || Number.isNaN(time)) {
    return {
      fault: `parsing time ${JSON.stringify(text)} as "${layout}": cannot parse ${JSON.stringify(text)} as "2006"`,
    };
  }
  const seconds = new Date(time).toISOString().slice(0, 19);
  if (!micro) return { text: `${seconds}Z` };
  return { text: `${seconds}.${(match[7] ?? '.').slice(1, 7).padEnd(6, '0')}Z` };
}
