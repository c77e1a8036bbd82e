import { GatehouseError, messageOf } from '../../../../common/errors.js';
import { ApiError } from '../../api/api-error.js';
import { NotReadyError } from './wait-ready.js';

/** Why a cluster could not be made, as CANCELLED or CLUSTER_FAILED with what to do about it. */
export function creationFailure(error: unknown, name: string, signal?: AbortSignal): Error {
  if (signal?.aborted === true) {
    return new GatehouseError('CANCELLED', `the creation of cluster "${name}" was cancelled`);
  }
  if (error instanceof GatehouseError) return error;
  if (error instanceof NotReadyError) {
    return new GatehouseError('CLUSTER_FAILED', `cluster "${name}" is ${error.message}`, {
      cause: error,
      fix: 'look at the manifests: what does not become available keeps a cluster from being ready; annotate it with gatehouse.dev/wait: "false" where that is meant',
    });
  }
  const what =
    error instanceof ApiError ? `a manifest was refused: ${error.message}` : messageOf(error);
  return new GatehouseError('CLUSTER_FAILED', `cluster "${name}" could not be made: ${what}`, {
    cause: error,
  });
}
