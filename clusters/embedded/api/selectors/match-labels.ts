export type Labels = Readonly<Record<string, string>>;

/** A LabelSelector's expression as far as it can be relied on: what is stored was validated, what comes in was not. */
export interface LabelRequirement {
  key?: string;
  operator?: string;
  values?: readonly string[];
}

export interface LabelSelector {
  matchLabels?: Labels;
  matchExpressions?: readonly LabelRequirement[];
}

/** An empty selector matches everything, an absent one nothing. */
export function matchesSelector(selector: LabelSelector | undefined, labels: Labels = {}): boolean {
  if (selector === undefined || !matchesLabels(selector.matchLabels, labels)) return false;
  return (selector.matchExpressions ?? []).every((one) => meetsRequirement(one, labels));
}

/** Every wanted label is there with its value. */
export function matchesLabels(wanted: Labels | undefined, labels: Labels = {}): boolean {
  if (wanted === undefined) return true;
  for (const key in wanted) if (labels[key] !== wanted[key]) return false;
  return true;
}

/** In, NotIn, Exists and DoesNotExist; anything else is not met. */
export function meetsRequirement(
  { key = '', operator, values = [] }: LabelRequirement,
  labels: Labels,
): boolean {
  // A label may have the name of something that every object has, such as `constructor`.
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case undefined:
    default:
      return false;
  }
}
