/** The `code` of whatever was thrown: `ENOSPC`, `EADDRINUSE`, `SQLITE_FULL`. */
export function errorCodeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
