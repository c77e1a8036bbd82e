import jsonPatch from 'fast-json-patch';
import type { Operation } from 'fast-json-patch';
import { isJsonObject } from '../../../../common/json.js';
import type { JsonObject } from '../../../../common/json.js';
import { ApiError, badRequest } from '../api-error.js';
import { cloneJson } from '../json/json-values.js';

const MAX_OPERATIONS = 10_000;

/** RFC 6902. Refuses with 422 where an operation does not apply, a failed test included. */
export function applyJsonPatch(target: JsonObject, operations: unknown): JsonObject {
  if (!isPatch(operations)) {
    throw badRequest(
      'error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch',
    );
  }
  if (operations.length > MAX_OPERATIONS) {
    throw new ApiError(413, 'RequestEntityTooLarge', {
      message: `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${operations.length}`,
    });
  }
  let result: unknown;
  try {
    result = jsonPatch.applyPatch(cloneJson(target), cloneJson(operations), true).newDocument;
  } catch {
    throw unprocessable();
  }
  if (!isJsonObject(result)) throw unprocessable();
  return result;
}

function unprocessable(): ApiError {
  return new ApiError(422, 'Invalid', {
    message: 'the server rejected our request due to an error in our request',
    details: {},
  });
}

function isPatch(value: unknown): value is Operation[] {
  return (
    Array.isArray(value) &&
    value.every((item) => isJsonObject(item) && typeof item['op'] === 'string')
  );
}
