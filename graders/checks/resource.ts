import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, valueAt, type JsonObject } from '../../common/json.js';
import { nearestNames } from '../../common/nearest.js';
import type { Finding } from '../../common/verdict.js';
import {
  worstOutcome,
  type CheckContext,
  type CheckOf,
  type CheckVerdict,
} from '../check-context.js';
import { kindOf, objectsOfKind, type ClusterView } from '../cluster-view.js';
import { valuesAtPath } from '../json-path.js';
import { listed } from '../reachability/endpoint.js';
import { describeLabels } from '../reachability/label-terms.js';

type ResourceCheck = CheckOf<'resource'>;
type Expectation = ResourceCheck['expect'][number];

const NOT_FOUND = 'not found';
/** What controllers write follows a moment after what the learner wrote. */
const STATUS_PAUSES_MS = [200, 300, 500, 1000, 1000];

/** Reads live objects. Where one is missing it says which name was looked for, and which exist. */
export async function checkResource(
  check: ResourceCheck,
  context: CheckContext,
): Promise<CheckVerdict> {
  let verdict = await lookOnce(check, context);
  const waits = check.expect.some(({ path }) => path?.startsWith('.status') === true);
  for (const pauseMs of waits ? STATUS_PAUSES_MS : []) {
    // An object that is not there does not come by waiting.
    if (
      verdict.outcome === 'passed' ||
      verdict.findings.some(({ observed }) => observed === NOT_FOUND)
    )
      break;
    await sleep(pauseMs * context.patience, undefined, { signal: context.signal });
    verdict = await lookOnce(check, context);
  }
  return verdict;
}

async function lookOnce(check: ResourceCheck, context: CheckContext): Promise<CheckVerdict> {
  const { objects, omittedKinds, pods } = await context.view({ fresh: true });
  const { resource } = check;
  if (omittedKinds.includes(kindOf(resource))) return notKept(check);
  const ofKind = objectsOfKind(objects, resource.apiVersion, resource.kind);
  const candidates = ofKind.filter((object) => isMeant(object, resource));
  if (candidates.length === 0 && check.count !== 0) return missing(check, ofKind);
  const judged = candidates.map((object) => ({
    object,
    findings: check.expect.map((expectation) =>
      judgeField(
        object,
        expectation,
        resource.kind === 'Pod' ? problemOf(object, pods) : undefined,
      ),
    ),
  }));
  const satisfied = judged.filter(({ findings }) => worstOutcome(findings) === 'passed');
  if (check.count !== undefined && satisfied.length !== check.count) {
    return wrongCount(
      check,
      satisfied.map(({ object }) => object),
    );
  }
  const best = satisfied[0] ?? closest(judged);
  const findings = best?.findings ?? [];
  const first = findings.find(({ outcome }) => outcome !== 'passed');
  if (satisfied.length > 0 || check.count === 0) {
    return { outcome: 'passed', message: `${describe(check)} is as asked for.`, findings };
  }
  return {
    outcome: 'failed',
    message:
      first === undefined
        ? `${describe(check)} is not as asked for.`
        : `${first.subject} should be ${first.expected}, but is ${first.observed}. ${first.reason ?? ''}`.trim(),
    findings,
  };
}

function notKept(check: ResourceCheck): CheckVerdict {
  const message = `Objects of the kind ${check.resource.kind} were not kept when the attempt was made, so nothing can be said about ${describe(check)}.`;
  return { outcome: 'inconclusive', message, findings: [] };
}

/** `namespace: undefined` means any. */
function isMeant(
  object: JsonObject,
  {
    namespace,
    name,
    selector = {},
  }: {
    namespace?: string | undefined;
    name?: string | undefined;
    selector?: Record<string, string> | undefined;
  },
): boolean {
  return (
    (namespace === undefined || namespaceOf(object) === namespace) &&
    (name === undefined || nameOf(object) === name) &&
    Object.entries(selector).every(
      ([key, value]) => valueAt(object, ['metadata', 'labels', key]) === value,
    )
  );
}

/** Why a pod does not run, in the cluster's own words. */
function problemOf(object: JsonObject, pods: ClusterView['pods']): string | undefined {
  return pods.find(
    ({ namespace, name }) => namespace === namespaceOf(object) && name === nameOf(object),
  )?.problem;
}

function judgeField(
  object: JsonObject,
  expectation: Expectation,
  problem: string | undefined,
): Finding {
  const { path = '', equals, matches, exists, why } = expectation;
  const values = path === '' ? [object] : valuesAtPath(object, path);
  const outcome = (ok: boolean) => (ok ? 'passed' : 'failed');
  const expected = describeExpectation(expectation);
  const ok =
    (exists === undefined || exists === values.length > 0) &&
    (equals === undefined || values.some((value) => isDeepStrictEqual(value, equals))) &&
    (matches === undefined ||
      values.some((value) => new RegExp(matches, 'u').test(textOf(value)))) &&
    (exists !== undefined || values.length > 0);
  return {
    subject: `${textOf(object['kind'])} ${nameOf(object)}${path === '' ? '' : ` ${path}`}`,
    expected,
    observed: values.length === 0 ? 'not set' : path === '' ? 'there' : listed(values.map(textOf)),
    outcome: outcome(ok),
    ...(ok ? {} : whatToDo(object, { path, why, problem })),
  };
}

function whatToDo(
  object: JsonObject,
  { path, why, problem }: { path: string; why: string | undefined; problem: string | undefined },
): Pick<Finding, 'reason' | 'next'> {
  const isStuck = problem !== undefined && path.startsWith('.status');
  const reasons = [
    ...(why === undefined ? [] : [why]),
    ...(isStuck ? [`It says: ${problem.replace(/\.?$/, '.')}`] : []),
  ];
  return {
    ...(reasons.length === 0 ? {} : { reason: reasons.join(' ') }),
    next: isStuck ? describeCommand(object) : getCommand(object),
  };
}

function describeExpectation({ equals, matches, exists }: Expectation): string {
  const parts = [
    ...(exists === undefined ? [] : [exists ? 'set' : 'not set']),
    ...(equals === undefined ? [] : [textOf(equals)]),
    ...(matches === undefined ? [] : [`like ${matches}`]),
  ];
  return parts.join(' and ') || 'there';
}

/** The object that fails the fewest expectations is the one the learner most likely meant. */
function closest(judged: readonly { object: JsonObject; findings: Finding[] }[]) {
  const wrong = ({ findings }: { findings: Finding[] }) =>
    findings.filter(({ outcome }) => outcome !== 'passed').length;
  return [...judged].sort((a, b) => wrong(a) - wrong(b))[0];
}

function missing(check: ResourceCheck, ofKind: readonly JsonObject[]): CheckVerdict {
  const { resource } = check;
  const { kind, namespace } = resource;
  const there = whatIsThere(resource, ofKind);
  const isInPlace = ofKind.some((object) => isMeant(object, { namespace }));
  return {
    outcome: 'failed',
    message: `No ${describe(check)}. ${there}`,
    findings: [
      {
        subject: describe(check),
        expected: 'it exists',
        observed: NOT_FOUND,
        outcome: 'failed',
        reason: there,
        next: listCommand(kind, isInPlace ? namespace : undefined),
      },
    ],
  };
}

function listCommand(kind: string, namespace: string | undefined): string {
  const where = namespace === undefined ? '-A' : `-n ${namespace}`;
  return `kubectl get ${kind.toLowerCase()} ${where} --show-labels`;
}

/** The same thing in another place, else the nearest name, else all there is in the right place. */
function whatIsThere(resource: ResourceCheck['resource'], ofKind: readonly JsonObject[]): string {
  const { namespace, name, selector } = resource;
  const alike = ofKind.filter((object) => isMeant(object, { ...resource, namespace: undefined }));
  if (alike.length > 0) {
    const what = name === undefined ? 'with these labels' : 'of this name';
    const where = alike.map(namespaceOf);
    const whose = where.includes('default') ? ` ${DEFAULT_NAMESPACE}` : '';
    return `There is one ${selector === undefined && name === undefined ? '' : `${what} `}in ${listed(where)}.${whose}`;
  }
  const here = ofKind.filter(
    (object) => namespace === undefined || namespaceOf(object) === namespace,
  );
  const [nearest] = name === undefined ? [] : nearestNames(name, here.map(nameOf));
  if (nearest !== undefined) return `There is ${nearest}: is that the one?`;
  if (here.length === 0)
    return `There is none${namespace === undefined ? ' at all' : ' in this namespace'}.`;
  const shown = selector === undefined ? here.map(nameOf) : here.map(nameWithLabels);
  return `There ${here.length === 1 ? 'is' : 'are'} ${listed(shown)}.`;
}

function wrongCount(check: ResourceCheck, found: readonly JsonObject[]): CheckVerdict {
  const expected = `exactly ${check.count ?? 0}`;
  const observed = found.length === 0 ? 'none' : `${found.length}: ${listed(found.map(nameOf))}`;
  const reason = check.expect.find(({ why }) => why !== undefined)?.why;
  return {
    outcome: 'failed',
    message: `${describe(check)}: ${expected} should be as asked for, there ${found.length === 1 ? 'is' : 'are'} ${observed}.`,
    findings: [
      {
        subject: describe(check),
        expected,
        observed,
        outcome: 'failed',
        ...(reason === undefined ? {} : { reason }),
        next: listCommand(check.resource.kind, check.resource.namespace),
      },
    ],
  };
}

const DEFAULT_NAMESPACE =
  'That is where things go when neither the command nor the file names a namespace.';

function describe({ resource }: ResourceCheck): string {
  const { kind, namespace, name, selector } = resource;
  const labels = Object.entries(selector ?? {}).map(([key, value]) => `${key}=${value}`);
  return [
    kind,
    ...(name === undefined ? [] : [name]),
    ...(labels.length === 0 ? [] : [`with ${labels.join(', ')}`]),
    ...(namespace === undefined ? [] : [`in ${namespace}`]),
  ].join(' ');
}

function nameWithLabels(object: JsonObject): string {
  return `${nameOf(object)} ${describeLabels(stringsOf(valueAt(object, ['metadata', 'labels'])))}`;
}

function stringsOf(value: unknown): Record<string, string> {
  const entries = isJsonObject(value) ? Object.entries(value) : [];
  return Object.fromEntries(
    entries.flatMap(([key, one]) => (typeof one === 'string' ? [[key, one]] : [])),
  );
}

function getCommand(object: JsonObject): string {
  return `kubectl get ${argumentsOf(object)} -o yaml`;
}

function describeCommand(object: JsonObject): string {
  return `kubectl describe ${argumentsOf(object)}`;
}

/** Kind, name and namespace, as kubectl takes them. */
function argumentsOf(object: JsonObject): string {
  const namespace = namespaceOf(object);
  const where = namespace === '' ? '' : ` -n ${namespace}`;
  return `${textOf(object['kind']).toLowerCase()} ${nameOf(object)}${where}`;
}

function nameOf(object: JsonObject): string {
  const name = valueAt(object, ['metadata', 'name']);
  return typeof name === 'string' ? name : '';
}

function namespaceOf(object: JsonObject): string {
  const namespace = valueAt(object, ['metadata', 'namespace']);
  return typeof namespace === 'string' ? namespace : '';
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
