import { isJsonObject } from '../../../../common/json.js';
import { validateCalico } from '../../../../policy/calico/validate.js';
import type { KubeObject } from '../cluster-api.js';
import { toJson } from '../json/object-json.js';
import type { FieldError } from '../resource-definition.js';
import type { CustomVersion } from './custom-definition.js';

const STORED_GROUP = 'crd.projectcalico.org';
const SHOWN = { group: 'projectcalico.org', version: 'v3' } as const;

/**
 * Calico keeps its objects as custom resources, and its own API server shows them as `projectcalico.org/v3`.
 * Both are here: one object, two names. Calico's rules hold for either, so that nothing is kept that its
 * data plane could not read. Other definitions are left alone.
 */
export function withCalicoView(versions: readonly CustomVersion[]): CustomVersion[] {
  const [stored, ...others] = versions;
  if (stored?.definition.group !== STORED_GROUP) return [...versions];
  const { definition, schema } = stored;
  const checked = {
    ...definition,
    validate: (object: KubeObject) => [...definition.validate(object), ...problemsOf(object)],
  };
  const view = {
    ...definition,
    ...SHOWN,
    shortNames: SHORT_NAMES.get(definition.plural) ?? [],
    revision: `${definition.revision ?? ''}/${SHOWN.version}`,
    storedAs: {
      resource: `${definition.plural}.${STORED_GROUP}`,
      toStored: (object: KubeObject) => ({
        ...fillIn(object),
        apiVersion: `${STORED_GROUP}/${definition.version}`,
      }),
      fromStored: (object: KubeObject) => ({
        ...object,
        apiVersion: `${SHOWN.group}/${SHOWN.version}`,
      }),
    },
  };
  return [{ definition: checked, schema }, ...others, { definition: view, schema }];
}

const SHORT_NAMES = new Map([
  ['networkpolicies', ['cnp', 'caliconetworkpolicy', 'caliconetworkpolicies']],
  ['globalnetworkpolicies', ['gnp', 'cgnp', 'calicoglobalnetworkpolicies']],
]);

/** What Calico's server fills in before it stores a policy: the tier, and the types that its rules speak of. */
function fillIn(object: KubeObject): KubeObject {
  if (!object.kind.endsWith('NetworkPolicy') || !isJsonObject(object['spec'])) return object;
  const { spec } = object;
  const count = (rules: unknown): number => (Array.isArray(rules) ? rules.length : 0);
  const egress = count(spec['egress']) > 0;
  const ingress = count(spec['ingress']) > 0 || !egress;
  const types = [...(ingress ? ['Ingress'] : []), ...(egress ? ['Egress'] : [])];
  return {
    ...object,
    spec: {
      ...spec,
      tier: spec['tier'] ?? 'default',
      types: count(spec['types']) > 0 ? spec['types'] : types,
    },
  };
}

function problemsOf(object: KubeObject): FieldError[] {
  return validateCalico(toJson(object)).map(({ path, value, problem }) => ({
    path,
    reason: 'FieldValueInvalid',
    text: `Invalid value: ${JSON.stringify(value ?? null)}: ${problem}`,
  }));
}
