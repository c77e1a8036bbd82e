import { ApiError, badRequest, invalid } from '../api-error.js';
import type { FieldError } from '../resource-definition.js';
import { isTrue } from './request-info.js';

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

export interface WriteOptions {
  dryRun: boolean;
  fieldManager: string;
  fieldValidation: FieldValidation;
  force: boolean;
}

const MAX_MANAGER = 128;

/** The query of a create, update or patch. `kind` names the options in refusals. */
export function parseWriteOptions(
  query: URLSearchParams,
  kind: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions',
): WriteOptions {
  const errors: FieldError[] = [];
  const dryRun = parseDryRun(query.getAll('dryRun'), errors);
  const fieldManager = query.get('fieldManager') ?? '';
  if (fieldManager.length > MAX_MANAGER) {
    errors.push({
      path: 'fieldManager',
      reason: 'FieldValueTooLong',
      text: `Too long: may not be more than ${MAX_MANAGER} bytes`,
    });
  }
  const validation = query.get('fieldValidation') ?? '';
  if (!['', 'Ignore', 'Strict', 'Warn'].includes(validation)) {
    errors.push({
      path: 'fieldValidation',
      reason: 'FieldValueNotSupported',
      text: `Unsupported value: ${JSON.stringify(validation)}: supported values: "", "Ignore", "Strict", "Warn"`,
    });
  }
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', errors);
  return {
    dryRun,
    fieldManager,
    fieldValidation: validation === 'Ignore' || validation === 'Strict' ? validation : 'Warn',
    force: query.has('force') && isTrue(query.get('force')),
  };
}

export function parseDryRun(values: readonly string[], errors: FieldError[]): boolean {
  const asked = values.filter((value) => value !== '');
  const wrong = asked.filter((value) => value !== 'All');
  if (wrong.length > 0) {
    errors.push({
      path: 'dryRun',
      reason: 'FieldValueNotSupported',
      text: `Unsupported value: ${asked.map((value) => JSON.stringify(value)).join(', ')}: supported values: "All"`,
    });
  }
  return asked.length > 0;
}

export interface ListOptions {
  labelSelector: string;
  fieldSelector: string;
  limit: number;
  continueToken: string;
  /** Undefined where the client names none. */
  resourceVersion: number | undefined;
  match: '' | 'Exact' | 'NotOlderThan';
  timeoutSeconds: number | undefined;
  allowBookmarks: boolean;
  sendInitialEvents: boolean | undefined;
}

export function parseListOptions(query: URLSearchParams, watch: boolean): ListOptions {
  const match = query.get('resourceVersionMatch') ?? '';
  const options: ListOptions = {
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
    limit: parseInteger(query.get('limit')) ?? 0,
    continueToken: query.get('continue') ?? '',
    resourceVersion: parseResourceVersion(query.get('resourceVersion') ?? ''),
    match: match === 'Exact' || match === 'NotOlderThan' ? match : '',
    timeoutSeconds: parseInteger(query.get('timeoutSeconds')),
    allowBookmarks: isTrue(query.get('allowWatchBookmarks')),
    sendInitialEvents: query.has('sendInitialEvents')
      ? isTrue(query.get('sendInitialEvents'))
      : undefined,
  };
  const errors = watch ? watchFaults(options, match) : listFaults(options, match);
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors);
  return options;
}

function listFaults(options: ListOptions, match: string): FieldError[] {
  const errors: FieldError[] = [];
  const refuse = (path: string, reason: string, text: string): void => {
    errors.push({ path, reason, text });
  };
  if (options.sendInitialEvents !== undefined) {
    refuse(
      'sendInitialEvents',
      'FieldValueForbidden',
      'Forbidden: sendInitialEvents is forbidden for list',
    );
  }
  if (match === '') return errors;
  if (options.resourceVersion === undefined) {
    refuse(
      'resourceVersionMatch',
      'FieldValueForbidden',
      'Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
    );
  }
  if (options.continueToken !== '') {
    refuse(
      'resourceVersionMatch',
      'FieldValueForbidden',
      'Forbidden: resourceVersionMatch is forbidden when continue is provided',
    );
  }
  if (match !== 'Exact' && match !== 'NotOlderThan') {
    refuse(
      'resourceVersionMatch',
      'FieldValueNotSupported',
      `Unsupported value: ${JSON.stringify(match)}: supported values: "Exact", "NotOlderThan"`,
    );
  }
  if (match === 'Exact' && options.resourceVersion === 0) {
    refuse(
      'resourceVersionMatch',
      'FieldValueForbidden',
      'Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
    );
  }
  return errors;
}

function watchFaults(options: ListOptions, match: string): FieldError[] {
  const errors: FieldError[] = [];
  if (options.sendInitialEvents !== undefined) {
    if (match !== 'NotOlderThan') {
      errors.push({
        path: 'resourceVersionMatch',
        reason: match === '' ? 'FieldValueForbidden' : 'FieldValueNotSupported',
        text:
          match === ''
            ? 'Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'
            : `Unsupported value: ${JSON.stringify(match)}: supported values: "NotOlderThan"`,
      });
    }
  } else if (match !== '') {
    errors.push({
      path: 'resourceVersionMatch',
      reason: 'FieldValueForbidden',
      text: 'Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    });
  }
  return errors;
}

function parseInteger(text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  if (!/^[+-]?\d+$/.test(text)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return Number(text);
}

function parseResourceVersion(text: string): number | undefined {
  if (text === '') return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  const quoted = JSON.stringify(text);
  throw new ApiError(500, '', {
    message: `resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: invalid syntax`,
  });
}
