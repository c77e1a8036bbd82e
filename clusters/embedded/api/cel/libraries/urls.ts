import type { Environment } from '@marcbachmann/cel-js';
import { CelValue } from '../values.js';

class CelUrl extends CelValue {
  readonly url: URL;

  constructor(url: URL) {
    super();
    this.url = url;
  }

  override toString(): string {
    return this.url.href;
  }
}

/** `url("https://a:80/b?c=d").getHostname()` and its sisters. */
export function addUrls(env: Environment): void {
  env.registerType('Url', { ctor: CelUrl, fields: {} });
  env.registerFunction('isURL(string): bool', (text: string) => parseUrl(text) !== undefined);
  env.registerFunction('url(string): Url', (text: string) => {
    const url = parseUrl(text);
    if (url === undefined)
      throw new Error(`URL parse error during conversion from string: ${text}`);
    return new CelUrl(url);
  });
  const on = (signature: string, handler: (url: URL) => unknown): void => {
    env.registerFunction(`Url.${signature}`, ({ url }: CelUrl) => handler(url));
  };
  on('getScheme(): string', (url) => (url.host === RELATIVE ? '' : url.protocol.replace(/:$/, '')));
  on('getHost(): string', (url) => (url.host === RELATIVE ? '' : url.host));
  on('getHostname(): string', (url) =>
    url.host === RELATIVE ? '' : url.hostname.replace(/^\[|\]$/g, ''),
  );
  on('getPort(): string', (url) => url.port);
  on('getEscapedPath(): string', (url) => url.pathname);
  on('getQuery(): map', (url) => {
    const query = new Map<string, string[]>();
    for (const [key, value] of url.searchParams) query.set(key, [...(query.get(key) ?? []), value]);
    return query;
  });
}

/** Stands in for the host of a path alone. */
const RELATIVE = 'relative.invalid';

/** As Go's ParseRequestURI: absolute, or an absolute path. */
function parseUrl(text: string): URL | undefined {
  const isPath = text.startsWith('/');
  if (!isPath && !/^[a-z][a-z0-9+.-]*:/i.test(text)) return undefined;
  try {
    return isPath ? new URL(text, `http://${RELATIVE}`) : new URL(text);
  } catch {
    return undefined;
  }
}
