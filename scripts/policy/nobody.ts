import { nearestNames } from '../../common/nearest.js';
import { describeLabels, scopeOf } from '../../policy/describe-endpoints.js';
import {
  conjuncts,
  KIND,
  leavesOf,
  matchesLabels,
  NAME,
  type Facts,
  type LabelPredicate,
  type LabelQuestion,
} from '../../policy/label-predicate.js';
import type { KnownWorld } from './known-world.js';

/** Why nobody is meant. */
export interface Nobody {
  because: string;
  /** What is there and nearest to what was written: `app=web`, or the name of a namespace. */
  hint?: string;
}

/** Undefined where somebody who is known is meant, or where that cannot be told. */
export function whyNobody(where: LabelPredicate, known: KnownWorld): Nobody | undefined {
  const { endpoints, namespaces, isWhole } = known;
  if (!speaksOfPods(where) || endpoints.length === 0 || !known.knowsLabelsOf(where))
    return undefined;
  if (endpoints.some(({ facts }) => matchesLabels(where, facts))) return undefined;
  const parts = conjuncts(where).filter((part) => !isAboutKind(part));
  const ofNamespace = parts.filter((part) => scopeOf(part) === 'namespace');
  const others = parts.filter((part) => !ofNamespace.includes(part));
  const within = namespaces.filter((facts) => holdsAll(ofNamespace, facts));
  if (within.length === 0) {
    const nobody = blame(ofNamespace, { among: namespaces, nobody: 'no namespace that is known' });
    // Beside files there may be other namespaces: only what looks like a slip is said.
    return isWhole || nobody.hint !== undefined ? nobody : undefined;
  }
  const facts = endpoints.map((endpoint) => endpoint.facts);
  const dwellers = facts.filter((one) => holdsAll(ofNamespace, one));
  const place = ofNamespace.length === 0 ? '' : ` in ${namesOf(within)}`;
  if (dwellers.length === 0) return isWhole ? { because: `there is no pod${place}` } : undefined;
  const elsewhere = facts.filter((one) => holdsAll(others, one));
  if (elsewhere.length > 0) {
    return {
      because: `pods with ${describeLabels(others)} are in ${namesOf(elsewhere)}, none${place}`,
    };
  }
  const nobody = blame(others, { among: dwellers, nobody: `no pod${place}` });
  const isPinned = ofNamespace.some((part) => part.op === 'in' && part.key === NAME);
  return isWhole || isPinned || nobody.hint !== undefined ? nobody : undefined;
}

/** `; did you mean app=web?` at its end where there is a hint. */
export const sentenceOf = ({ because, hint }: Nobody): string =>
  hint === undefined ? because : `${because}; did you mean ${hint}?`;

const isAboutKind = (part: LabelPredicate): boolean => part.op === 'in' && part.key === KIND;

/** Nodes are known to nobody here. */
const speaksOfPods = (where: LabelPredicate): boolean =>
  conjuncts(where).every(
    (part) => part.op !== 'in' || part.key !== KIND || part.values.includes('pod'),
  );

const holdsAll = (parts: readonly LabelPredicate[], facts: Facts): boolean =>
  parts.every((part) => matchesLabels(part, facts));

function namesOf(facts: readonly Facts[]): string {
  const names = [...new Set(facts.flatMap(({ namespace }) => namespace?.name ?? []))].toSorted();
  return `namespace ${names.length > 3 ? `${names.slice(0, 3).join(', ')} …` : names.join(' or ')}`;
}

/** The part that nobody has; where each is had by somebody, all of them together. */
function blame(
  parts: readonly LabelPredicate[],
  { among, nobody }: { among: readonly Facts[]; nobody: string },
): Nobody {
  const missing = parts.find((part) => !among.some((facts) => matchesLabels(part, facts)));
  if (missing === undefined) {
    return { because: `${nobody} has all of it at once: ${describeLabels(parts)}` };
  }
  const [question] = leavesOf(missing);
  const hint = question === undefined ? undefined : nearestLabel(question, among);
  const because = `${nobody} has ${describeLabels([missing])}`;
  if (hint !== undefined) return { because, hint };
  const values = question === undefined ? [] : valuesOf(question, among);
  if (values.length === 0 || values.length > 4) return { because };
  return { because: `${because} (${labelText(question?.key ?? '', values.join(' or '))})` };
}

/** The nearest value of the key; else the nearest key; else another key with the very value. */
function nearestLabel(question: LabelQuestion, among: readonly Facts[]): string | undefined {
  const { key } = question;
  const written = writtenIn(question);
  const labels = among.flatMap((facts) => labelsIn(facts, question));
  const [near] = written.flatMap((value) => nearestNames(value, valuesOf(question, among), 1));
  if (near !== undefined) return labelText(key, near);
  const keys = labels.flatMap(([other]) => (other === key || other === NAME ? [] : [other]));
  const [nearKey] = key === NAME ? [] : nearestNames(key, keys, 1);
  if (nearKey !== undefined) {
    const value = written.find((text) => labels.some(([k, v]) => k === nearKey && v === text));
    return value === undefined ? `the label ${nearKey}` : labelText(nearKey, value);
  }
  const same = labels.find(([other, value]) => other !== NAME && written.includes(value));
  return same === undefined ? undefined : labelText(...same);
}

function writtenIn(question: LabelQuestion): readonly string[] {
  if (question.op === 'in') return question.values;
  return question.op === 'exists' ? [] : [question.text];
}

const valuesOf = ({ scope, key }: LabelQuestion, among: readonly Facts[]): string[] =>
  [
    ...new Set(
      among.flatMap((facts) =>
        labelsIn(facts, { scope }).flatMap(([other, value]) => (other === key ? [value] : [])),
      ),
    ),
  ].toSorted();

function labelsIn(facts: Facts, { scope }: Pick<LabelQuestion, 'scope'>): [string, string][] {
  if (scope === 'own') return Object.entries(facts.labels);
  const owner = facts[scope];
  return owner === undefined ? [] : [[NAME, owner.name], ...Object.entries(owner.labels)];
}

const labelText = (key: string, value: string): string =>
  key === NAME ? value : `${key}=${value}`;
