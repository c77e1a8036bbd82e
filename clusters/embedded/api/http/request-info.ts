/** What a request asks for, read off its method and path as the real server reads it. */
export interface RequestInfo {
  method: string;
  path: string;
  query: URLSearchParams;
  /** Set for `/api/v1/…` and `/apis/<group>/<version>/…`. */
  resource: ResourcePath | undefined;
}

export interface ResourcePath {
  verb: string;
  group: string;
  version: string;
  namespace: string | undefined;
  plural: string;
  /** Empty for collections. */
  name: string;
  subresource: string;
  /** What follows a subresource, for proxies. */
  rest: string;
}

const NO_QUERY = new URLSearchParams();
/** Under a namespace these are parts of it, not resources in it. */
const NAMESPACE_SUBRESOURCES: readonly string[] = ['status', 'finalize'];

export function parseRequest(method: string, url: string): RequestInfo {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = mark < 0 ? NO_QUERY : new URLSearchParams(url.slice(mark + 1));
  return { method, path, query, resource: parseResource(method, path, query) };
}

function parseResource(
  method: string,
  path: string,
  query: URLSearchParams,
): ResourcePath | undefined {
  const parts = path.split('/');
  if (parts.at(-1) === '') parts.pop();
  let next: number;
  let group: string;
  if (parts[1] === 'api') {
    group = '';
    next = 2;
  } else if (parts[1] === 'apis') {
    group = parts[2] ?? '';
    next = 3;
  } else return undefined;
  const version = parts[next] ?? '';
  next += 1;
  if (parts.length <= next) return undefined;

  let watchPath = false;
  if (parts[next] === 'watch' && parts.length > next + 1) {
    watchPath = true;
    next += 1;
  }
  let namespace: string | undefined;
  if (parts[next] === 'namespaces' && parts.length > next + 2) {
    if (!NAMESPACE_SUBRESOURCES.includes(parts[next + 2] ?? '') || group !== '') {
      namespace = decode(parts[next + 1] ?? '');
      next += 2;
    }
  }
  const plural = parts[next] ?? '';
  const name = decode(parts[next + 1] ?? '');
  const subresource = parts[next + 2] ?? '';
  const rest = parts.slice(next + 3).join('/');
  const watch = watchPath || isTrue(query.get('watch'));
  return {
    verb: verbOf(method, { item: name !== '', watch }),
    group,
    version,
    namespace,
    plural,
    name,
    subresource,
    rest,
  };
}

function verbOf(method: string, target: { item: boolean; watch: boolean }): string {
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (target.watch) return 'watch';
      return target.item ? 'get' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return target.item ? 'delete' : 'deletecollection';
    default:
      return method.toLowerCase();
  }
}

/** As Go reads a boolean of a query: present without a value counts. */
export function isTrue(value: string | null): boolean {
  return value !== null && !['0', 'false', 'False', 'FALSE', 'f', 'F'].includes(value);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
