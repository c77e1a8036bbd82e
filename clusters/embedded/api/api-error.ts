import type { JsonObject } from '../../../common/json.js';
import type { FieldError } from './resource-definition.js';

export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

/** A resource as error texts name it. */
export interface GroupResource {
  group: string;
  plural: string;
}

/** A refusal as Kubernetes words it: becomes a `Status` object on the wire. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: number;
  /** Empty where the real server gives none. */
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  /** The continue token and such, where an error carries list metadata. */
  readonly metadata: JsonObject;

  constructor(
    code: number,
    reason: string,
    rest: { message: string; details?: StatusDetails; metadata?: JsonObject },
  ) {
    super(rest.message);
    this.code = code;
    this.reason = reason;
    this.details = rest.details;
    this.metadata = rest.metadata ?? {};
  }

  toStatus(): JsonObject {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.metadata,
      status: 'Failure',
      message: this.message,
      ...(this.reason !== '' && { reason: this.reason }),
      ...(this.details !== undefined && { details: detailsToJson(this.details) }),
      code: this.code,
    };
  }
}

/** `pods`, `deployments.apps`. */
export function qualifiedName(resource: GroupResource): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}

export function notFound(resource: GroupResource, name: string): ApiError {
  return new ApiError(404, 'NotFound', {
    message: `${qualifiedName(resource)} "${name}" not found`,
    details: detailsOf(resource, name),
  });
}

export function alreadyExists(resource: GroupResource, name: string): ApiError {
  return new ApiError(409, 'AlreadyExists', {
    message: `${qualifiedName(resource)} "${name}" already exists`,
    details: detailsOf(resource, name),
  });
}

export const MODIFIED_MEANWHILE =
  'the object has been modified; please apply your changes to the latest version and try again';

export function conflict(resource: GroupResource, name: string, why: string): ApiError {
  return new ApiError(409, 'Conflict', {
    message: `Operation cannot be fulfilled on ${qualifiedName(resource)} "${name}": ${why}`,
    details: detailsOf(resource, name),
  });
}

/** An empty name is left out of the text, as for lists. */
export function forbidden(resource: GroupResource, name: string, why: string): ApiError {
  const subject = name === '' ? qualifiedName(resource) : `${qualifiedName(resource)} "${name}"`;
  return new ApiError(403, 'Forbidden', {
    message: `${subject} is forbidden: ${why}`,
    details: detailsOf(resource, name),
  });
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, 'BadRequest', { message });
}

export function internalError(message: string): ApiError {
  return new ApiError(500, 'InternalError', {
    message: `Internal error occurred: ${message}`,
    details: { causes: [{ message }] },
  });
}

export function invalid(
  type: { group: string; kind: string },
  name: string,
  errors: readonly FieldError[],
): ApiError {
  const kind = type.group === '' ? type.kind : `${type.kind}.${type.group}`;
  const texts = [
    ...new Set(
      errors.map((error) => (error.path === '' ? error.text : `${error.path}: ${error.text}`)),
    ),
  ];
  const why = texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
  return new ApiError(422, 'Invalid', {
    message: `${kind} "${name}" is invalid: ${why}`,
    details: {
      ...(name !== '' && { name }),
      ...(type.group !== '' && { group: type.group }),
      kind: type.kind,
      causes: errors.map((error) => ({
        reason: error.reason,
        message: error.text,
        field: error.path,
      })),
    },
  });
}

function detailsOf(resource: GroupResource, name: string): StatusDetails {
  return {
    ...(name !== '' && { name }),
    ...(resource.group !== '' && { group: resource.group }),
    kind: resource.plural,
  };
}

function detailsToJson(details: StatusDetails): JsonObject {
  const { causes, ...rest } = details;
  const json: JsonObject = { ...rest };
  if (causes !== undefined) json['causes'] = causes.map((cause) => ({ ...cause }));
  if (details.retryAfterSeconds !== undefined) {
    delete json['retryAfterSeconds'];
    json['retryAfterSeconds'] = details.retryAfterSeconds;
  }
  return json;
}
