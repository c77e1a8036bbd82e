import { isJsonObject } from '../common/json.js';

type Step =
  | { type: 'key'; key: string }
  | { type: 'index'; index: number }
  | { type: 'all' }
  | { type: 'filter'; key: string; value: string };

/**
 * The values at a path in kubectl's notation: `.spec.ports[0].port`, `.spec.ingress[*].from`,
 * `.metadata.labels['a.b/c']`, `.spec.containers[?(@.name=="web")].image`. Throws an Error on other text.
 */
export function valuesAtPath(value: unknown, path: string): unknown[] {
  let values = [value];
  for (const step of parsePath(path)) {
    values = values.flatMap((current) => follow(current, step)).filter((one) => one !== undefined);
  }
  return values;
}

export function parsePath(path: string): Step[] {
  const steps: Step[] = [];
  let rest = path
    .trim()
    .replace(/^\{(.*)\}$/, '$1')
    .replace(/^\$/, '');
  while (rest !== '') {
    const match =
      /^\.((?:[A-Za-z0-9_-]|\\\.|\/)+)|^\[(\d+)\]|^\[(\*)\]|^\['([^']+)'\]|^\["([^"]+)"\]|^\[\?\(@\.([A-Za-z0-9_-]+)==["']([^"']*)["']\)\]/.exec(
        rest,
      );
    if (match === null)
      throw new Error(
        `"${path}" cannot be read from "${rest}" on; write for example .spec.ports[0].port`,
      );
    const [whole, name, index, all, single, double, key, value] = match;
    const plain = name?.replaceAll('\\.', '.') ?? single ?? double;
    if (plain !== undefined) steps.push({ type: 'key', key: plain });
    else if (index !== undefined) steps.push({ type: 'index', index: Number(index) });
    else if (all !== undefined) steps.push({ type: 'all' });
    else steps.push({ type: 'filter', key: key ?? '', value: value ?? '' });
    rest = rest.slice(whole.length);
  }
  return steps;
}

function follow(value: unknown, step: Step): unknown[] {
  switch (step.type) {
    case 'key':
      return isJsonObject(value) && Object.hasOwn(value, step.key) ? [value[step.key]] : [];
    case 'index':
      return Array.isArray(value) ? [value[step.index]] : [];
    case 'all':
      return Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : [];
    case 'filter':
      return Array.isArray(value)
        ? value.filter((item) => isJsonObject(item) && item[step.key] === step.value)
        : [];
  }
}
