/** `v1` in the core group, `GROUP/VERSION` in all others. */
export function apiVersionOf(definition: { group: string; version: string }): string {
  return definition.group === '' ? definition.version : `${definition.group}/${definition.version}`;
}
