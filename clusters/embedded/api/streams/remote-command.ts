import { messageOf } from '../../../../common/errors.js';
import type { JsonObject } from '../../../../common/json.js';
import { isJsonObject } from '../../../../common/json.js';
import type { ExecSession } from '../../agent/agent.js';
import type { ResourceContext } from '../http/context.js';
import { findObject } from '../http/reading.js';
import { isTrue } from '../http/request-info.js';
import { badRequest } from '../api-error.js';
import { containerTarget, requireHost, requireStreams } from './target.js';

/** What the client connects of a command's streams. */
export interface CommandStreams {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
}

export function commandStreams(query: URLSearchParams): CommandStreams {
  const tty = isTrue(query.get('tty'));
  return {
    stdin: isTrue(query.get('stdin')),
    stdout: isTrue(query.get('stdout')),
    // A terminal has one output.
    stderr: isTrue(query.get('stderr')) && !tty,
    tty,
  };
}

/** Checks a request for exec or attach; the session is started by what this returns. */
export function prepareCommand(context: ResourceContext): () => Promise<ExecSession> {
  const pod = findObject(context);
  const target = containerTarget(pod, context.query.get('container'));
  requireHost(pod);
  const { stdin, stdout, stderr, tty } = commandStreams(context.query);
  if (!stdin && !stdout && !stderr) {
    throw badRequest('you must specify at least 1 of stdin, stdout, stderr');
  }
  const streams = requireStreams(context);
  if (context.target.subresource === 'attach') {
    return async () => withoutCode(await streams.attach(target, { stdin, tty }));
  }
  const command = context.query.getAll('command');
  return () => {
    // The node's own check, which comes after the server's.
    if (command.length === 0)
      throw badRequest('you must specify at least one command for the container');
    return streams.exec(target, { command, stdin, tty });
  };
}

/** Whoever attaches is not told how the program ends, only that it did. */
function withoutCode(session: ExecSession): ExecSession {
  return { ...session, exited: session.exited.then(() => 0) };
}

/** How a command ended, as clients of protocol v4 and later read it. */
export async function exitStatus(session: ExecSession): Promise<JsonObject> {
  try {
    const code = await session.exited;
    if (code === 0) return { metadata: {}, status: 'Success' };
    return {
      metadata: {},
      status: 'Failure',
      message: `command terminated with non-zero exit code: command terminated with exit code ${code}`,
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
    };
  } catch (error) {
    return {
      metadata: {},
      status: 'Failure',
      // A node's words, which the server passes on as its own error.
      message: `Internal error occurred: Internal error occurred: error executing command in container: ${messageOf(error)}`,
      reason: 'InternalError',
      code: 500,
    };
  }
}

/** Before v4 a client reads text: nothing for success. */
export function plainStatus(status: JsonObject): string {
  const { message } = status;
  return status['status'] === 'Success' || typeof message !== 'string' ? '' : message;
}

/** `{"Width":80,"Height":24}` */
export function resizeFrom(text: string, session: ExecSession): void {
  let size: unknown;
  try {
    size = JSON.parse(text);
  } catch {
    return;
  }
  if (!isJsonObject(size)) return;
  const { Width: columns, Height: rows } = size;
  if (typeof columns === 'number' && typeof rows === 'number') session.resize({ columns, rows });
}
