import { ApiError, badRequest, invalid } from '../api-error.js';
import type { LogOptions } from '../container-streams.js';
import type { ResourceContext } from '../http/context.js';
import { findObject } from '../http/reading.js';
import { isTrue } from '../http/request-info.js';
import type { FieldError } from '../resource-definition.js';
import { drained } from './spdy.js';
import { containerTarget, nodeOf, requireStreams } from './target.js';

/** How long a refusal of the node is waited for before the answer begins. */
const FIRST_BYTES_MS = 200;

/** GET of `/log`: the bytes as they come. */
export async function handleLog(context: ResourceContext): Promise<void> {
  const pod = findObject(context);
  const options = parseLogOptions(context.query);
  const target = containerTarget(pod, context.query.get('container'));
  const { res } = context;
  if (nodeOf(pod) === '') {
    res.writeHead(204, { 'Cache-Control': 'no-cache, private' }).end();
    return;
  }
  const abort = new AbortController();
  res.on('close', () => {
    abort.abort();
  });
  const log = requireStreams(context).logs(target, options, abort.signal);
  const chunks = log[Symbol.asyncIterator]();
  const first = chunks.next();
  const begin = (): void => {
    if (res.headersSent) return;
    res.writeHead(200, { 'Content-Type': 'text/plain', 'Cache-Control': 'no-cache, private' });
    res.flushHeaders();
  };
  const timer = setTimeout(begin, FIRST_BYTES_MS);
  try {
    for (let chunk = await first; chunk.done !== true; chunk = await chunks.next()) {
      begin();
      if (!res.write(chunk.value)) await drained(res);
      if (res.destroyed) break;
    }
    begin();
    res.end();
  } catch (error) {
    if (error instanceof ApiError || !abort.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
    await chunks.return?.();
  }
}

function parseLogOptions(query: URLSearchParams): LogOptions {
  const errors: FieldError[] = [];
  const number = (name: string, least: number): number | undefined => {
    const text = query.get(name);
    if (text === null || text === '') return undefined;
    if (!/^[+-]?\d+$/.test(text)) {
      throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
    }
    const value = Number(text);
    if (value < least) {
      const bound = least === 0 ? 'greater than or equal to 0' : 'greater than 0';
      errors.push({
        path: name,
        reason: 'FieldValueInvalid',
        text: `Invalid value: ${value}: must be ${bound}`,
      });
    }
    return value;
  };
  const tailLines = number('tailLines', 0);
  const limitBytes = number('limitBytes', 1);
  const sinceSeconds = number('sinceSeconds', 1);
  const sinceTime = query.get('sinceTime');
  if (sinceSeconds !== undefined && sinceTime !== null) {
    errors.push({
      path: '',
      reason: 'FieldValueForbidden',
      text: 'Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified',
    });
  }
  if (errors.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, '', errors);
  return {
    follow: isTrue(query.get('follow')),
    previous: isTrue(query.get('previous')),
    timestamps: isTrue(query.get('timestamps')),
    ...(tailLines !== undefined && { tailLines }),
    ...(limitBytes !== undefined && { limitBytes }),
    ...(sinceSeconds !== undefined && { sinceSeconds }),
    ...(sinceTime !== null && { sinceTime }),
  };
}
