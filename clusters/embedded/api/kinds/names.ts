/** Checks of names and other short strings. Each returns what is wrong, in the real server's words; [] is good. */

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const DNS_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL_VALUE = `(${QUALIFIED})?`;
const CONFIG_KEY = '[-._a-zA-Z0-9]+';
const HTTP_HEADER = '[-A-Za-z0-9]+';

const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const QUALIFIED_TEXT =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const QUALIFIED_EXAMPLES = ['MyName', 'my.name', '123-abc'];

export type NameCheck = (name: string) => string[];

export function dnsLabel(value: string): string[] {
  const faults = tooLong(value, 63);
  if (matches(LABEL, value)) return faults;
  if (matches(SUBDOMAIN, value)) return [...faults, 'must not contain dots'];
  const text =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
  return [...faults, regexFault(text, LABEL, ['my-name', '123-abc'])];
}

export function dnsSubdomain(value: string): string[] {
  const faults = tooLong(value, 253);
  if (matches(SUBDOMAIN, value)) return faults;
  return [...faults, regexFault(SUBDOMAIN_TEXT, SUBDOMAIN, ['example.com'])];
}

export function wildcardDnsSubdomain(value: string): string[] {
  const pattern = `\\*\\.${SUBDOMAIN}`;
  const faults = tooLong(value, 253);
  if (matches(pattern, value)) return faults;
  const text =
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character";
  return [...faults, regexFault(text, pattern, ['*.example.com'])];
}

export function dns1035Label(value: string): string[] {
  const faults = tooLong(value, 63);
  if (matches(DNS_1035, value)) return faults;
  const text =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
  return [...faults, regexFault(text, DNS_1035, ['my-name', 'abc-123'])];
}

/** Names that only have to fit into a URL: roles and their bindings. */
export function pathSegment(value: string): string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`];
  return ['/', '%']
    .filter((part) => value.includes(part))
    .map((part) => `may not contain '${part}'`);
}

/** A label's or annotation's key: an optional DNS prefix and a name. */
export function qualifiedName(value: string): string[] {
  const parts = value.split('/');
  const [first = '', second] = parts;
  const faults: string[] = [];
  if (parts.length > 2) {
    const fault = regexFault(`a qualified name ${QUALIFIED_TEXT}`, QUALIFIED, QUALIFIED_EXAMPLES);
    return [`${fault} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const name = second ?? first;
  if (second !== undefined) {
    if (first === '') faults.push('prefix part must be non-empty');
    else faults.push(...dnsSubdomain(first).map((fault) => `prefix part ${fault}`));
  }
  if (name === '') faults.push('name part must be non-empty');
  else if (name.length > 63) faults.push('name part must be no more than 63 characters');
  if (!matches(QUALIFIED, name)) {
    faults.push(`name part ${regexFault(QUALIFIED_TEXT, QUALIFIED, QUALIFIED_EXAMPLES)}`);
  }
  return faults;
}

export function labelValue(value: string): string[] {
  const faults = tooLong(value, 63);
  if (matches(LABEL_VALUE, value)) return faults;
  const text =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  return [...faults, regexFault(text, LABEL_VALUE, ['MyValue', 'my_value', '12345'])];
}

export function portNumber(value: number): string[] {
  return value >= 1 && value <= 65535 ? [] : ['must be between 1 and 65535, inclusive'];
}

export function portName(value: string): string[] {
  const faults = tooLong(value, 15);
  if (!/^[-a-z0-9]+$/.test(value)) {
    faults.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  }
  if (!/[a-z]/.test(value)) faults.push('must contain at least one letter (a-z)');
  if (value.includes('--')) faults.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) {
    faults.push('must not begin or end with a hyphen');
  }
  return faults;
}

/** A key of a ConfigMap or Secret: also a file name, so no way up the tree. */
export function configKey(value: string): string[] {
  const faults = tooLong(value, 253);
  if (!matches(CONFIG_KEY, value)) {
    const text = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
    faults.push(regexFault(text, CONFIG_KEY, ['key.name', 'KEY_NAME', 'key-name']));
  }
  if (value === '.') faults.push("must not be '.'");
  else if (value === '..') faults.push("must not be '..'");
  else if (value.startsWith('..')) faults.push("must not start with '..'");
  return faults;
}

export function environmentName(value: string): string[] {
  if (/^[ -<>-~]+$/.test(value)) return [];
  const text =
    "a valid environment variable names must be printable ASCII characters other than '=' character";
  return [regexFault(text, '[ -<>-~]+', ['my-name', '123-abc'])];
}

export function httpHeaderName(value: string): string[] {
  if (matches(HTTP_HEADER, value)) return [];
  const text = "a valid HTTP header must consist of alphanumeric characters or '-'";
  return [regexFault(text, HTTP_HEADER, ['X-Header-Name'])];
}

/** Checks the start of a generated name: what follows will end it well. */
export function asPrefix(check: NameCheck): NameCheck {
  return (prefix) =>
    check(prefix.length > 1 && prefix.endsWith('-') ? `${prefix.slice(0, -2)}a` : prefix);
}

function tooLong(value: string, max: number): string[] {
  return Buffer.byteLength(value) > max ? [`must be no more than ${max} characters`] : [];
}

function regexFault(text: string, pattern: string, examples: readonly string[]): string {
  const list = examples.map((example) => `'${example}'`).join(',  or ');
  return `${text} (e.g. ${list}, regex used for validation is '${pattern}')`;
}

const compiled = new Map<string, RegExp>();

function matches(pattern: string, value: string): boolean {
  let regex = compiled.get(pattern);
  if (regex === undefined) {
    regex = new RegExp(`^(?:${pattern})$`);
    compiled.set(pattern, regex);
  }
  return regex.test(value);
}
