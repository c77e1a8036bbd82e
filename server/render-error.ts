import { randomBytes } from 'node:crypto';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { GatehouseError, messageOf, type ErrorCode } from '../common/errors.js';
import type { Logger } from '../common/logger.js';
import { isDiskFull } from './database/disk-reserve.js';
import type { Pages } from './pages/pages.js';

/** Every expected failure and the status it is answered with. */
export const STATUS_OF: Readonly<Record<ErrorCode, number>> = {
  BAD_REQUEST: 400,
  BAD_LAB: 500,
  CLUSTER_EXISTS: 409,
  CLUSTER_NOT_FOUND: 404,
  CLUSTER_UNREACHABLE: 503,
  CLUSTER_FAILED: 503,
  CANCELLED: 409,
  DISK_FULL: 507,
  FORBIDDEN: 403,
  LAB_NOT_FOUND: 404,
  LIMIT_REACHED: 429,
  MACHINE_NOT_READY: 503,
  NOT_AVAILABLE: 409,
  NOT_FOUND: 404,
  PORT_TAKEN: 500,
  PROVIDER_NOT_FOUND: 500,
  SIGN_IN_NEEDED: 401,
};

export interface ErrorAnswer {
  status: number;
  code: string;
  message: string;
  fix?: string;
  /** For the `Retry-After` header (RFC 9110, 10.2.3), in seconds. */
  retryAfter?: number;
}

/** What a visitor is told. Whatever we did not expect becomes a number to quote, and its story goes to the log. */
export function describeError(error: unknown, logger: Logger): ErrorAnswer {
  if (error instanceof GatehouseError) {
    const status = STATUS_OF[error.code];
    if (status >= 500) {
      logger.error('a request failed', {
        code: error.code,
        error: error.message,
        cause: error.cause,
      });
    }
    return {
      status,
      code: error.code,
      message: error.message,
      ...(error.fix === undefined ? {} : { fix: error.fix }),
      ...(error.retryAfterMs === undefined
        ? {}
        : { retryAfter: Math.ceil(error.retryAfterMs / 1000) }),
    };
  }
  if (isDiskFull(error)) {
    return {
      status: STATUS_OF.DISK_FULL,
      code: 'DISK_FULL',
      message: 'the disk of this server is full',
      fix: 'Grades are kept. Whoever runs this server must free some space; then try again.',
    };
  }
  const status = clientErrorStatus(error);
  if (status !== undefined) {
    return { status, code: 'BAD_REQUEST', message: 'the request could not be understood' };
  }
  const id = randomBytes(4).toString('hex');
  logger.error('a bug was met', { id, error: messageOf(error), stack: stackOf(error) });
  return {
    status: 500,
    code: 'BUG',
    message: 'something is broken on our side',
    fix: `Nothing of yours is lost. Try again; if it stays, tell whoever runs this server the number ${id}.`,
  };
}

/** The last handler of the app. */
export function renderErrors(pages: Pages, logger: Logger): ErrorRequestHandler {
  // eslint-disable-next-line max-params -- Express knows error handlers by their four parameters
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const { status, retryAfter, ...answer } = describeError(error, logger);
    response.status(status);
    if (retryAfter !== undefined) response.set('Retry-After', String(retryAfter));
    if (request.accepts(['html', 'json']) === 'json') {
      response.json(answer);
      return;
    }
    const page = answer.code === 'SIGN_IN_NEEDED' ? 'sign-in' : 'error';
    void pages.show({ request, response }, { page, title: titleOf(status), data: answer });
  };
}

export const renderNotFound: RequestHandler = () => {
  throw new GatehouseError('NOT_FOUND', 'there is no such page', { fix: 'Go back to your labs.' });
};

function titleOf(status: number): string {
  switch (status) {
    case 401:
      return 'Sign in';
    case 403:
      return 'Not allowed';
    case 404:
      return 'Not found';
    case 429:
      return 'One moment';
    case 507:
      return 'Disk full';
    default:
      return status >= 500 ? 'Something went wrong' : 'That did not work';
  }
}

/** Express and its parsers mark what a client sent wrongly with a status below 500. */
function clientErrorStatus(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('status' in error)) return undefined;
  const { status } = error;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
