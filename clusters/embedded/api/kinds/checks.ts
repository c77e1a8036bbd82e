import type { FieldError } from '../resource-definition.js';
import {
  GoText,
  invalid,
  invalidEach,
  notSupported,
  required,
  type BadValue,
} from './field-errors.js';
import { portName, portNumber } from './names.js';

/** Small checks that many kinds share. Each returns the faults of one field. */

export const NOT_NEGATIVE = 'must be greater than or equal to 0';

export function notNegative(path: string, value: number | undefined): FieldError[] {
  return (value ?? 0) < 0 ? [invalid(path, value, NOT_NEGATIVE)] : [];
}

export function positive(path: string, value: number | undefined): FieldError[] {
  return value !== undefined && value <= 0 ? [invalid(path, value, 'must be greater than 0')] : [];
}

export function oneOf(
  path: string,
  value: string | undefined,
  supported: readonly string[],
): FieldError[] {
  return supported.includes(value ?? '') ? [] : [notSupported(path, value ?? '', supported)];
}

export function filled(path: string, value: string | undefined): FieldError[] {
  return value === undefined || value === '' ? [required(path)] : [];
}

/** Required, and then good by a name check. */
export function named(
  path: string,
  value: string | undefined,
  check: (name: string) => string[],
): FieldError[] {
  if (value === undefined || value === '') return [required(path)];
  return invalidEach(path, value, check(value));
}

/** Good by a name check, where it is given at all. */
export function optionallyNamed(
  path: string,
  value: string | undefined,
  check: (name: string) => string[],
): FieldError[] {
  return value === undefined || value === '' ? [] : invalidEach(path, value, check(value));
}

/** A number from 1 to 65535 or the name of a port. */
export function portNumberOrName(path: string, port: number | string | undefined): FieldError[] {
  if (typeof port === 'string') return invalidEach(path, port, portName(port));
  return invalidEach(path, port ?? 0, portNumber(port ?? 0));
}

const PERCENT_FAULT =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

export function positiveIntOrPercent(
  path: string,
  value: number | string | undefined,
): FieldError[] {
  if (typeof value !== 'string') return notNegative(path, value);
  return /^[0-9]+%$/.test(value) ? [] : [invalid(path, goIntOrString(value), PERCENT_FAULT)];
}

export function notMoreThanWhole(path: string, value: number | string | undefined): FieldError[] {
  if (typeof value !== 'string' || !/^[0-9]+%$/.test(value) || parseInt(value, 10) <= 100)
    return [];
  return [invalid(path, goIntOrString(value), 'must not be greater than 100%')];
}

export function goIntOrString(value: number | string): BadValue {
  return new GoText(
    typeof value === 'string'
      ? `intstr.IntOrString{Type:1, IntVal:0, StrVal:${JSON.stringify(value)}}`
      : `intstr.IntOrString{Type:0, IntVal:${value}, StrVal:""}`,
  );
}
