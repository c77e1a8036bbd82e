import { messageOf } from '../../../../common/errors.js';
import { ApiError, internalError } from '../api-error.js';
import type { ServerParts } from './context.js';

/** Anything thrown as a refusal: what is none is a bug of ours, logged, and told as an internal error. */
export function toApiError(error: unknown, parts: ServerParts, path: string): ApiError {
  if (error instanceof ApiError) return error;
  parts.logger.error('a request failed', {
    path,
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
  return internalError(messageOf(error));
}

export function noSuchResource(): ApiError {
  return new ApiError(404, 'NotFound', {
    message: 'the server could not find the requested resource',
    details: {},
  });
}

export function notAllowed(): ApiError {
  return new ApiError(405, 'MethodNotAllowed', {
    message: 'the server does not allow this method on the requested resource',
    details: {},
  });
}
