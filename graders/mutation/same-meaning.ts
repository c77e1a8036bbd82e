import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, type Json, type JsonObject } from '../../common/json.js';
import type { CheckDefinition, Lab } from '../../common/lab.js';
import { compare } from '../../policy/compare/compare.js';
import type { ClusterView } from '../cluster-view.js';
import { parseEndpoint } from '../reachability/endpoint.js';
import { listOf, objectOf, textOf, type Mutant } from './mutant.js';
import { byHand } from './solution-objects.js';

/**
 * Whether a mutant means what the original means. Policies are compared for every pod there could be; of the others, those
 * mean the same that differ in labels alone which no selector, of the cluster or of the lab's checks, tells apart.
 */
export function meansTheSame(
  { object: mutant }: Mutant,
  options: { original: JsonObject; lab: Lab; view: ClusterView },
): boolean {
  const { original, lab, view } = options;
  if (original['kind'] === 'NetworkPolicy') {
    const policies = networkPolicies(view);
    const others = policies.filter((one) => !isDeepStrictEqual(one, original));
    const wrong = [...others, ...(mutant === undefined ? [] : [mutant])];
    return compare(policies, wrong, { families: [4], namespaces: view.namespaces }).equal;
  }
  if (mutant === undefined) return false;
  const read = labelsRead(lab, view);
  return isDeepStrictEqual(asRead(original, read), asRead(mutant, read));
}

/** As a person would write them. */
export function networkPolicies(view: ClusterView): JsonObject[] {
  return byHand(view, (kind) => kind === 'NetworkPolicy').filter(
    ({ apiVersion }) => apiVersion === 'networking.k8s.io/v1',
  );
}

/** What selectors ask about one label: values by name, or (undefined) whether it is there at all. */
type LabelsRead = ReadonlyMap<string, ReadonlySet<string | undefined>>;

/** With its labels as the selectors tell them apart, and without the selector by which it finds its own pods. */
function asRead(object: JsonObject, read: LabelsRead): JsonObject {
  const labelled = withLabels(object, read);
  const { template, selector: _, ...spec } = objectOf(object['spec']);
  if (!isJsonObject(template)) return labelled;
  return { ...labelled, spec: { ...spec, template: withLabels(template, read) } };
}

function withLabels(object: JsonObject, read: LabelsRead): JsonObject {
  const metadata = objectOf(object['metadata']);
  const labels = Object.entries(objectOf(metadata['labels'])).flatMap(([key, value]) => {
    const asked = read.get(key);
    if (asked?.has(textOf(value)) === true) return [[key, value] as const];
    return asked?.has(undefined) === true ? [[key, 'another'] as const] : [];
  });
  return { ...object, metadata: { ...metadata, labels: Object.fromEntries(labels) } };
}

/**
 * What anything asks of labels: selectors of the cluster's objects, and of the lab's checks. What makes pods finds its own
 * by whatever labels it gave them.
 */
function labelsRead({ steps }: Lab, { objects }: ClusterView): LabelsRead {
  const read = new Map<string, Set<string | undefined>>();
  const add = ([key, value]: Asked): void => {
    read.set(key, (read.get(key) ?? new Set()).add(value));
  };
  objects
    .filter(({ spec }) => objectOf(spec)['template'] === undefined)
    .flatMap(({ spec }) => askedBySelectors(spec))
    .forEach(add);
  steps.flatMap(({ definition }) => definition.checks.flatMap(askedByCheck)).forEach(add);
  return read;
}

type Asked = readonly [key: string, value: string | undefined];

function askedByCheck(check: CheckDefinition): Asked[] {
  if (check.kind === 'resource') return Object.entries(check.resource.selector ?? {});
  if (check.kind !== 'reachability') return [];
  return check.rows
    .flatMap(({ from, to, servedBy = [] }) => [from, to, servedBy].flat())
    .map(parseEndpoint)
    .flatMap((end) => (end.type === 'pods' ? end.terms : []))
    .map(({ key, operator, value }) =>
      operator === 'exists' || operator === 'absent' ? [key, undefined] : [key, value],
    );
}

/** `selector`, `podSelector`, `namespaceSelector` and their like, wherever they stand: as a map, or with its two parts. */
function askedBySelectors(value: Json | undefined): Asked[] {
  if (Array.isArray(value)) return value.flatMap(askedBySelectors);
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    /selector$/i.test(name) && isJsonObject(inner) ? askedBy(inner) : askedBySelectors(inner),
  );
}

function askedBy({ matchLabels, matchExpressions, ...map }: JsonObject): Asked[] {
  const equal = Object.entries({ ...map, ...objectOf(matchLabels) });
  const expressions = listOf(matchExpressions).map(objectOf);
  return [
    ...equal.map(([key, value]): Asked => [key, textOf(value)]),
    ...expressions.flatMap(({ key, values }): Asked[] =>
      listOf(values).length === 0
        ? [[textOf(key), undefined]]
        : listOf(values).map((value) => [textOf(key), textOf(value)]),
    ),
  ];
}
