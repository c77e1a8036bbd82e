import type { FieldError } from '../../resource-definition.js';

export type Level = 'privileged' | 'baseline' | 'restricted';

/** A level as of a minor version of Kubernetes; `Infinity` is the latest. */
export interface Standard {
  level: Level;
  minor: number;
}

export interface PodSecurity {
  enforce: Standard;
  audit: Standard;
  warn: Standard;
}

export const LEVELS: readonly Level[] = ['privileged', 'baseline', 'restricted'];
const PREFIX = 'pod-security.kubernetes.io/';
const VERSION = /^v1\.(0|[1-9]\d*)$/;

/**
 * What a namespace asks of its pods by its labels, and what is wrong with those labels. A level that cannot be
 * read counts as `restricted` where it is enforced, as `privileged` where it only tells.
 */
export function podSecurityOf(labels: Readonly<Record<string, string>> = {}): {
  standards: PodSecurity;
  errors: FieldError[];
} {
  const errors: FieldError[] = [];
  const fault = (label: string, text: string): void => {
    errors.push({
      path: `metadata.labels[${label}]`,
      reason: 'FieldValueInvalid',
      text: `Invalid value: ${JSON.stringify(labels[label])}: ${text}`,
    });
  };
  const read = (mode: keyof PodSecurity): Standard => {
    const label = `${PREFIX}${mode}`;
    const given = labels[label];
    let level = given === undefined ? 'privileged' : LEVELS.find((name) => name === given);
    if (level === undefined) {
      fault(label, 'must be one of privileged, baseline, restricted');
      level = mode === 'enforce' ? 'restricted' : 'privileged';
    }
    const version = labels[`${label}-version`] ?? 'latest';
    const minor = VERSION.exec(version)?.[1];
    if (minor === undefined && version !== 'latest') {
      fault(`${label}-version`, 'must be "latest" or "v1.x"');
    }
    return { level, minor: minor === undefined ? Infinity : Number(minor) };
  };
  return {
    standards: { enforce: read('enforce'), audit: read('audit'), warn: read('warn') },
    errors,
  };
}

/** `restricted:latest`, `baseline:v1.29`. */
export function standardText({ level, minor }: Standard): string {
  return `${level}:${minor === Infinity ? 'latest' : `v1.${minor}`}`;
}

export function isSameStandard(a: Standard, b: Standard): boolean {
  return a.level === b.level && a.minor === b.minor;
}
