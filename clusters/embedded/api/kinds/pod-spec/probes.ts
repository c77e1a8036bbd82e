import type { LifecycleHandler, Probe } from 'kubernetes-types/core/v1.js';
import type { FieldError } from '../../resource-definition.js';
import { filled, notNegative, oneOf, portNumberOrName } from '../checks.js';
import { forbidden, invalid, invalidEach, required } from '../field-errors.js';
import type { Loose } from '../loose.js';
import { httpHeaderName, portNumber } from '../names.js';

type Handler = Loose<LifecycleHandler> & Pick<Loose<Probe>, 'grpc'>;

export function validateProbe(path: string, probe: Loose<Probe>): FieldError[] {
  const grace = probe.terminationGracePeriodSeconds;
  return [
    ...validateHandler(path, probe),
    ...notNegative(`${path}.initialDelaySeconds`, probe.initialDelaySeconds),
    ...notNegative(`${path}.timeoutSeconds`, probe.timeoutSeconds),
    ...notNegative(`${path}.periodSeconds`, probe.periodSeconds),
    ...notNegative(`${path}.successThreshold`, probe.successThreshold),
    ...notNegative(`${path}.failureThreshold`, probe.failureThreshold),
    ...(grace !== undefined && grace <= 0
      ? [invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0')]
      : []),
  ];
}

/** What a probe or hook does: exactly one of the ways. */
export function validateHandler(
  path: string,
  handler: Handler,
  gracePeriodSeconds = 30,
): FieldError[] {
  const errors: FieldError[] = [];
  let seen = 0;
  const add = (field: string, faults: FieldError[]): void => {
    seen += 1;
    if (seen > 1)
      errors.push(forbidden(`${path}.${field}`, 'may not specify more than 1 handler type'));
    else errors.push(...faults);
  };
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler;
  if (exec !== undefined) {
    add('exec', (exec.command ?? []).length === 0 ? [required(`${path}.exec.command`)] : []);
  }
  if (httpGet !== undefined) add('httpGet', validateHttpGet(`${path}.httpGet`, httpGet));
  if (tcpSocket !== undefined) {
    add('tcpSocket', portNumberOrName(`${path}.tcpSocket.port`, tcpSocket.port));
  }
  if (grpc !== undefined) {
    add('grpc', invalidEach(`${path}.grpc.port`, grpc.port ?? 0, portNumber(grpc.port ?? 0)));
  }
  if (sleep !== undefined) {
    const seconds = sleep.seconds ?? 0;
    const why = `must be non-negative and less than terminationGracePeriodSeconds (${gracePeriodSeconds})`;
    const good = seconds > 0 && seconds <= gracePeriodSeconds;
    add('sleep', good ? [] : [invalid(`${path}.sleep`, seconds, why)]);
  }
  if (seen === 0) errors.push(required(path, 'must specify a handler type'));
  return errors;
}

function validateHttpGet(path: string, action: NonNullable<Loose<Probe>['httpGet']>): FieldError[] {
  return [
    ...filled(`${path}.path`, action.path),
    ...portNumberOrName(`${path}.port`, action.port),
    ...oneOf(`${path}.scheme`, action.scheme, ['HTTP', 'HTTPS']),
    ...(action.httpHeaders ?? []).flatMap(({ name = '' }) =>
      invalidEach(`${path}.httpHeaders`, name, httpHeaderName(name)),
    ),
  ];
}
