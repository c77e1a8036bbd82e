/** Every failure that a user may meet, by name. Adding one makes the compiler list what must know it. */
export type ErrorCode =
  | 'BAD_REQUEST'
  | 'BAD_LAB'
  | 'CLUSTER_EXISTS'
  | 'CLUSTER_NOT_FOUND'
  | 'CLUSTER_UNREACHABLE'
  | 'CLUSTER_FAILED'
  | 'CANCELLED'
  | 'DISK_FULL'
  | 'FORBIDDEN'
  | 'LAB_NOT_FOUND'
  | 'LIMIT_REACHED'
  | 'MACHINE_NOT_READY'
  | 'NOT_AVAILABLE'
  | 'NOT_FOUND'
  | 'PORT_TAKEN'
  | 'PROVIDER_NOT_FOUND'
  | 'SIGN_IN_NEEDED';

/** A failure we expect: what happened (message), where, and what to do about it (fix). */
export class GatehouseError extends Error {
  override readonly name = 'GatehouseError';
  readonly code: ErrorCode;
  /** What the reader can do, as a sentence or a command to paste. */
  readonly fix: string | undefined;
  /** When the same thing may work, where that is known; from now. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { fix?: string; cause?: unknown; retryAfterMs?: number } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.fix = options.fix;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of whatever was thrown: `ENOENT`, `ENOSPC`, `SQLITE_FULL`. */
export function errorCodeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
