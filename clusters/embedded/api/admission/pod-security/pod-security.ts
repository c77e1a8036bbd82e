import { isJsonObject, valueAt } from '../../../../../common/json.js';
import { forbidden, invalid } from '../../api-error.js';
import type { KubeObject } from '../../cluster-api.js';
import type { Admission, AdmissionRequest } from '../../registry/admission.js';
import { BASELINE, REPLACED } from './baseline.js';
import type { PodLike, Violation } from './check.js';
import { isSameStandard, LEVELS, podSecurityOf, standardText } from './levels.js';
import type { Standard } from './levels.js';
import { RESTRICTED } from './restricted.js';

/** Where objects that make pods keep their template. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  podtemplates: ['template'],
  replicationcontrollers: ['spec', 'template'],
  'replicasets.apps': ['spec', 'template'],
  'deployments.apps': ['spec', 'template'],
  'statefulsets.apps': ['spec', 'template'],
  'daemonsets.apps': ['spec', 'template'],
  'jobs.batch': ['spec', 'template'],
  'cronjobs.batch': ['spec', 'jobTemplate', 'spec', 'template'],
};

/**
 * The Pod Security Standards by a namespace's labels: pods beyond what is enforced are refused, pods and
 * templates beyond `warn` are told of. `audit` has nobody to tell: there is no audit log.
 */
export function createPodSecurityAdmission(): Admission {
  return {
    validate(request) {
      const { object, resource, subresource } = request;
      if (object === undefined) return;
      if (resource === 'namespaces') {
        if (subresource === undefined) checkNamespace(request, object);
        return;
      }
      const path = Object.hasOwn(TEMPLATES, resource) ? TEMPLATES[resource] : undefined;
      if (resource === 'pods') {
        if (subresource !== undefined && subresource !== 'ephemeralcontainers') return;
        if (isSignificant(object, request.old)) checkPod(request, podLike(object), true);
      } else if (path !== undefined && subresource === undefined) {
        const template = valueAt(object, path);
        if (isJsonObject(template)) checkPod(request, podLike(template), false);
      }
    },
  };
}

/** What is wrong with a pod by a standard, in the real server's order. */
export function violationsOf(pod: PodLike, { level, minor }: Standard): Violation[] {
  if (level === 'privileged') return [];
  const checks =
    level === 'baseline'
      ? BASELINE
      : [...BASELINE.filter((check) => !REPLACED.includes(check)), ...RESTRICTED];
  return checks
    .filter(({ since }) => since <= minor)
    .map((check) => check.find(pod, minor))
    .filter((violation) => violation !== undefined);
}

function checkPod(request: AdmissionRequest, pod: PodLike, isPod: boolean): void {
  const { api, definition, name, namespace = '' } = request;
  const labels = api.get('namespaces', namespace)?.metadata.labels;
  const { enforce, warn } = podSecurityOf(labels).standards;
  if (isPod) {
    const found = violationsOf(pod, enforce);
    if (found.length > 0) {
      const why = `violates PodSecurity ${JSON.stringify(standardText(enforce))}: ${details(found)}`;
      throw forbidden(definition, name, why);
    }
  }
  const told = violationsOf(pod, warn);
  if (told.length > 0) {
    request.warn(
      `would violate PodSecurity ${JSON.stringify(standardText(warn))}: ${details(told)}`,
    );
  }
}

/** A namespace's labels must be readable; pods that would not pass a stricter level are told of. */
function checkNamespace(request: AdmissionRequest, object: KubeObject): void {
  const { definition, old, api } = request;
  const { standards, errors } = podSecurityOf(object.metadata.labels);
  const before = podSecurityOf(old?.metadata.labels);
  const isNews = JSON.stringify(errors) !== JSON.stringify(before.errors);
  if (errors.length > 0 && isNews) throw invalid(definition, object.metadata.name, errors);
  if (old === undefined) return;
  const { enforce } = standards;
  const was = before.standards.enforce;
  if (isSameStandard(enforce, was) || enforce.level === 'privileged') return;
  const isStricter = LEVELS.indexOf(enforce.level) > LEVELS.indexOf(was.level);
  if (enforce.minor === was.minor && !isStricter) return;
  const byReason = new Map<string, string[]>();
  for (const pod of api.list('pods', object.metadata.name)) {
    const found = violationsOf(podLike(pod), enforce);
    if (found.length === 0) continue;
    const reasons = found.map(({ reason }) => reason).join(', ');
    byReason.set(reasons, [...(byReason.get(reasons) ?? []), pod.metadata.name]);
  }
  if (byReason.size === 0) return;
  request.warn(
    `existing pods in namespace ${JSON.stringify(object.metadata.name)} violate the new PodSecurity enforce level ${JSON.stringify(standardText(enforce))}`,
  );
  const lines = [...byReason].map(([reasons, names]) => `${firstOf(names)}: ${reasons}`);
  for (const line of lines.sort()) request.warn(line);
}

function firstOf(names: readonly string[]): string {
  const [first = ''] = [...names].sort();
  const others = names.length - 1;
  if (others === 0) return first;
  return `${first} (and ${others} other ${others === 1 ? 'pod' : 'pods'})`;
}

function details(violations: readonly Violation[]): string {
  return violations.map(({ reason, detail }) => `${reason} (${detail})`).join(', ');
}

/** Of a pod that runs only its images and its debug containers may change in a way that matters here. */
function isSignificant(pod: KubeObject, old: KubeObject | undefined): boolean {
  if (old === undefined) return true;
  const imagesOf = (object: KubeObject): string =>
    JSON.stringify(
      ['initContainers', 'containers', 'ephemeralContainers'].map((list) => {
        const containers = valueAt(object, ['spec', list]);
        return Array.isArray(containers)
          ? containers.map((item) => [valueAt(item, ['name']), valueAt(item, ['image'])])
          : [];
      }),
    );
  return imagesOf(pod) !== imagesOf(old);
}

function podLike(object: object): PodLike {
  const annotations = valueAt(object, ['metadata', 'annotations']);
  const spec = valueAt(object, ['spec']);
  return {
    annotations: isTexts(annotations) ? annotations : {},
    spec: isJsonObject(spec) ? spec : {},
  };
}

function isTexts(value: unknown): value is Record<string, string> {
  return isJsonObject(value);
}
