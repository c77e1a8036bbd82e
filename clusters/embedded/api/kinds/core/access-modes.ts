const SHORT: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

/** Access modes as columns show them: `RWO,RWX`, each once. */
export function shortAccessModes(modes: readonly string[] | undefined): string {
  const present = new Set(modes);
  return Object.entries(SHORT)
    .filter(([mode]) => present.has(mode))
    .map(([, short]) => short)
    .join(',');
}
