/** One requirement on labels, as kubectl's `-l` writes it without sets: `k=v`, `k!=v`, `k`, `!k`. */
export interface LabelTerm {
  key: string;
  operator: 'equals' | 'differs' | 'exists' | 'absent';
  value: string;
}

/** Throws an Error that quotes what cannot be read. Empty text means no requirement at all. */
export function parseTerms(selector: string): LabelTerm[] {
  return selector
    .split(',')
    .map((term) => term.trim())
    .filter((term, index, all) => term !== '' || all.length > 1)
    .map((term) => {
      const match =
        /^(!?)\s*([A-Za-z0-9][A-Za-z0-9_./-]*)\s*(?:(==?|!=)\s*([A-Za-z0-9_.-]*))?$/.exec(term);
      const [, not, key, operator, value] = match ?? [];
      if (key === undefined || (not === '!' && operator !== undefined)) {
        throw new Error(
          `"${term}" is no label requirement; write key=value, key!=value, key or !key`,
        );
      }
      if (operator === undefined)
        return { key, operator: not === '!' ? 'absent' : 'exists', value: '' };
      return { key, operator: operator === '!=' ? 'differs' : 'equals', value: value ?? '' };
    });
}

export function matchesTerms(
  labels: Readonly<Record<string, string>>,
  terms: readonly LabelTerm[],
): boolean {
  return terms.every(({ key, operator, value }) => {
    const has = Object.hasOwn(labels, key);
    switch (operator) {
      case 'equals':
        return has && labels[key] === value;
      case 'differs':
        return !has || labels[key] !== value;
      case 'exists':
        return has;
      case 'absent':
        return !has;
    }
  });
}

const GENERATED = [
  'pod-template-hash',
  'controller-revision-hash',
  'statefulset.kubernetes.io/pod-name',
  'apps.kubernetes.io/pod-index',
];

/** `(app=web, role=db)`, without what controllers add. */
export function describeLabels(labels: Readonly<Record<string, string>>): string {
  const shown = Object.entries(labels).filter(([key]) => !GENERATED.includes(key));
  return `(${shown.map(([key, value]) => `${key}=${value}`).join(', ') || 'no labels'})`;
}
