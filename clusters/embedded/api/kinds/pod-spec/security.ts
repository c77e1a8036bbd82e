import type { PodSecurityContext, SecurityContext } from 'kubernetes-types/core/v1.js';
import type { FieldError } from '../../resource-definition.js';
import { oneOf } from '../checks.js';
import { duplicate, forbidden, GoText, invalid, required } from '../field-errors.js';
import type { Loose } from '../loose.js';

const MAX_ID = 2147483647;
const ID_RANGE = `must be between 0 and ${MAX_ID}, inclusive`;

export function validateSecurityContext(
  path: string,
  context: Loose<SecurityContext> | undefined,
): FieldError[] {
  if (context === undefined) return [];
  const { allowPrivilegeEscalation, privileged, capabilities, runAsUser, runAsGroup } = context;
  const errors = [
    ...validateId(`${path}.runAsUser`, runAsUser),
    ...validateId(`${path}.runAsGroup`, runAsGroup),
    ...validateSeccomp(`${path}.seccompProfile`, context.seccompProfile),
  ];
  if (allowPrivilegeEscalation === false) {
    const stem = 'cannot set `allowPrivilegeEscalation` to false and';
    if (privileged === true)
      errors.push(invalid(path, goContext(), `${stem} \`privileged\` to true`));
    if ((capabilities?.add ?? []).includes('CAP_SYS_ADMIN')) {
      errors.push(invalid(path, goContext(), `${stem} \`capabilities.Add\` CAP_SYS_ADMIN`));
    }
  }
  return errors;
}

/** The real server prints the struct with addresses of its fields, new each time. */
function goContext(): GoText {
  return new GoText('core.SecurityContext{…}');
}

export function validatePodSecurityContext(
  path: string,
  context: Loose<PodSecurityContext> | undefined,
): FieldError[] {
  if (context === undefined) return [];
  const { fsGroup, runAsUser, runAsGroup, supplementalGroups = [], sysctls = [] } = context;
  const names = new Set<string>();
  return [
    ...validateId(`${path}.fsGroup`, fsGroup),
    ...validateId(`${path}.runAsUser`, runAsUser),
    ...validateId(`${path}.runAsGroup`, runAsGroup),
    ...supplementalGroups.flatMap((group, index) =>
      validateId(`${path}.supplementalGroups[${index}]`, group),
    ),
    ...sysctls.flatMap(({ name = '' }, index) => {
      const at = `${path}.sysctls[${index}].name`;
      if (name === '') return [required(at)];
      if (names.has(name)) return [duplicate(at, name)];
      names.add(name);
      return [];
    }),
    ...(context.fsGroupChangePolicy === undefined
      ? []
      : oneOf(`${path}.fsGroupChangePolicy`, context.fsGroupChangePolicy, [
          'Always',
          'OnRootMismatch',
        ])),
    ...validateSeccomp(`${path}.seccompProfile`, context.seccompProfile),
  ];
}

function validateId(path: string, id: number | undefined): FieldError[] {
  if (id === undefined || (id >= 0 && id <= MAX_ID)) return [];
  return [invalid(path, id, ID_RANGE)];
}

function validateSeccomp(
  path: string,
  profile: { type?: string; localhostProfile?: string } | undefined,
): FieldError[] {
  if (profile === undefined) return [];
  const { type = '', localhostProfile } = profile;
  if (type === '') return [required(`${path}.type`, 'type is required when seccompProfile is set')];
  if (type === 'Localhost') {
    if (localhostProfile !== undefined) return [];
    return [required(`${path}.localhostProfile`, 'must be set when seccomp type is Localhost')];
  }
  const errors = oneOf(`${path}.type`, type, ['Localhost', 'RuntimeDefault', 'Unconfined']);
  if (localhostProfile !== undefined) {
    errors.push(
      forbidden(`${path}.localhostProfile`, 'can only be set when seccomp type is Localhost'),
    );
  }
  return errors;
}
