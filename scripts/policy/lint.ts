import { isJsonObject, valueAt, type JsonObject } from '../../common/json.js';
import { nearestNames } from '../../common/nearest.js';
import { quotedPort, sourcePort } from '../../policy/misread/ports.js';
import {
  fieldOf,
  listAt,
  rulesOf,
  type FindRepairs,
  type Path,
} from '../../policy/misread/repair.js';
import { namespaceLabel } from '../../policy/misread/scope.js';
import { readPolicy } from '../../policy/read-policies.js';
import { knownWorld } from './known-world.js';
import { nameOf, type Sourced } from './sources.js';
import { findUnmatched } from './unmatched.js';

export interface Finding {
  file: string;
  /** 0 where there are no lines. */
  line: number;
  /** `NetworkPolicy prod/web` */
  object: string;
  id: string;
  message: string;
  /** What is there and nearest to what was written, where that is known: `app=web`. */
  hint?: string;
}

/** What is wrong, or so often meant otherwise that it is worth a look. In order of files and lines. */
export function lint(sources: readonly Sourced[]): Finding[] {
  const objects = sources.map(({ object }) => object);
  const known = knownWorld(sources);
  const found = sources.flatMap((source) => {
    const at = (path: Path, id: string, message: string): Finding => ({
      file: source.file,
      line: source.lineOf(path),
      object: nameOf(source.object),
      id,
      message,
    });
    const plain = mistakes(source.object);
    const policy = readPolicy(source.object);
    if (policy === undefined) return [];
    return [
      ...policy.problems.map((problem) => {
        const [field = '', ...words] = problem.split(': ');
        return at(pathOf(field), 'not-valid', `${field}: ${words.join(': ')}`);
      }),
      ...unknownFields(source.object).map(({ path, message }) =>
        at(path, 'unknown-field', message),
      ),
      ...plain.map(({ path, id, message }) => at(path, id, message)),
      ...ignoredRules(source.object).map(({ path, message }) => at(path, 'policy-types', message)),
      ...eitherIsEnough(source.object).map(({ path, message }) => at(path, 'and-or', message)),
      ...(forgetsDns(source.object, objects)
        ? [at(['spec', 'egress'], 'dns-forgotten', DNS_FORGOTTEN)]
        : []),
      ...findUnmatched(source.object, policy, known)
        .filter(({ path }) => !plain.some((other) => fieldOf(other.path) === fieldOf(path)))
        .map(({ path, id, message, hint }) => ({
          ...at(path, id, message),
          ...(hint === undefined ? {} : { hint }),
        })),
    ];
  });
  return found.toSorted((a, b) => compareTexts(a.file, b.file) || a.line - b.line);
}

interface Remark {
  path: Path;
  message: string;
}

/** Mistakes that are plain without knowing what was meant. */
const PLAIN: readonly { id: string; find: FindRepairs }[] = [
  { id: 'quoted-port', find: quotedPort },
  { id: 'source-port', find: sourcePort },
  { id: 'namespace-label', find: namespaceLabel },
];

function mistakes(object: JsonObject): (Remark & { id: string })[] {
  return PLAIN.flatMap(({ id, find }) =>
    [...find({ objects: [object], intended: [], services: [] })].map(({ path, sentence }) => ({
      id,
      path,
      message: sentence,
    })),
  );
}

function ignoredRules(object: JsonObject): Remark[] {
  const types = valueAt(object, ['spec', 'policyTypes']) ?? valueAt(object, ['spec', 'types']);
  if (!Array.isArray(types) || types.length === 0) return [];
  return (['ingress', 'egress'] as const).flatMap((direction) => {
    const type = direction === 'ingress' ? 'Ingress' : 'Egress';
    if (listAt(object, ['spec', direction]).length === 0 || types.includes(type)) return [];
    const message = `its ${direction} rules have no effect: policyTypes does not name ${type}`;
    return [{ path: ['spec', direction], message }];
  });
}

function eitherIsEnough(object: JsonObject): Remark[] {
  return [...rulesOf([object])].flatMap(({ peers, peersPath }) => {
    const alone = (key: string, other: string): number =>
      peers.findIndex((peer) => peer[key] !== undefined && peer[other] === undefined);
    const [namespace, pod] = [
      alone('namespaceSelector', 'podSelector'),
      alone('podSelector', 'namespaceSelector'),
    ];
    if (namespace === -1 || pod === -1) return [];
    return [
      {
        path: [...peersPath, Math.max(namespace, pod)],
        message:
          'namespaceSelector and podSelector are two entries, so either one is enough; if both must hold, make them one entry',
      },
    ];
  });
}

const DNS_FORGOTTEN =
  'no egress rule here allows DNS (port 53, UDP and TCP): the pods can connect to no name';

/** Only where something is allowed out at all: who forbids everything means it. */
function forgetsDns(object: JsonObject, objects: readonly JsonObject[]): boolean {
  const own = [...rulesOf([object])].filter(({ direction }) => direction === 'egress');
  const policy = readPolicy(object);
  if (own.length === 0 || policy?.egress === undefined) return false;
  const sameNamespace = objects.filter(
    (other) => readPolicy(other)?.namespace === policy.namespace,
  );
  return ![...rulesOf(sameNamespace)].some(
    ({ direction, rule }) => direction === 'egress' && admitsDns(rule),
  );
}

function admitsDns(rule: JsonObject): boolean {
  const ports = listAt(rule, ['ports']);
  return (
    ports.length === 0 ||
    ports.some(({ protocol, port, endPort }) => {
      if (protocol !== 'UDP') return false;
      if (port === undefined || typeof port === 'string') return true;
      return (
        typeof port === 'number' &&
        port <= 53 &&
        53 <= (typeof endPort === 'number' ? endPort : port)
      );
    })
  );
}

/** What a NetworkPolicy may hold; other kinds have schemas of their own in the cluster. */
const SELECTOR = {
  matchLabels: 'any',
  matchExpressions: [{ key: '', operator: '', values: 'any' }],
};
const PEERS = [
  { podSelector: SELECTOR, namespaceSelector: SELECTOR, ipBlock: { cidr: '', except: 'any' } },
];
const PORTS = [{ port: '', endPort: '', protocol: '' }];
const SHAPE: Shape = {
  apiVersion: '',
  kind: '',
  metadata: 'any',
  status: 'any',
  spec: {
    podSelector: SELECTOR,
    policyTypes: 'any',
    ingress: [{ from: PEERS, ports: PORTS }],
    egress: [{ to: PEERS, ports: PORTS }],
  },
};
type Shape = string | readonly Shape[] | { readonly [key: string]: Shape };

function unknownFields(object: JsonObject): Remark[] {
  const version = object['apiVersion'];
  const isOurs = typeof version === 'string' && version.startsWith('networking.k8s.io/');
  return isOurs ? strangers(object, SHAPE, []) : [];
}

function strangers(value: unknown, shape: Shape, path: Path): Remark[] {
  if (typeof shape === 'string') return [];
  if (isList(shape)) {
    const [item] = shape;
    if (!Array.isArray(value) || item === undefined) return [];
    return value.flatMap((entry: unknown, i) => strangers(entry, item, [...path, i]));
  }
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const known = Object.hasOwn(shape, key) ? shape[key] : undefined;
    const here = [...path, key];
    if (known !== undefined) return strangers(inner, known, here);
    const [close] = nearestNames(key, Object.keys(shape));
    const hint =
      close === undefined
        ? `here are known: ${Object.keys(shape).join(', ')}`
        : `did you mean "${close}"?`;
    return [{ path: here, message: `unknown field "${key}": ${hint}` }];
  });
}

const isList = (shape: Shape): shape is readonly Shape[] => Array.isArray(shape);

/** `spec.ingress[0].from` as steps. */
function pathOf(field: string): (string | number)[] {
  return [...field.matchAll(/[^.[\]]+/g)].map(([step]) =>
    /^\d+$/.test(step) ? Number(step) : step,
  );
}

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
