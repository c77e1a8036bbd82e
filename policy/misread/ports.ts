/** Mistakes with ports: a Service's instead of the pod's, quoted, the client's own, DNS forgotten. */
import { valueAt, type JsonObject } from '../../common/json.js';
import {
  listAt,
  networkPolicies,
  objectAt,
  orderedPolicies,
  rulesOf,
  textAt,
  withObject,
  withValue,
  type FindRepairs,
  type Path,
} from './repair.js';

export const servicePort: FindRepairs = function* ({ objects, services }) {
  for (const { at, object, path, value } of portsOf(objects)) {
    for (const { service, targets } of servicePorts(services, value)) {
      for (const target of targets) {
        yield {
          at,
          path,
          sentence: `${value} is the port of Service ${service}. Policies see the pod's own port, after the Service was translated: ${target}.`,
          objects: withObject(objects, at, withValue(object, path, target)),
        };
      }
    }
  }
};

/** The API server refuses it; a file may still have it. */
export const quotedPort: FindRepairs = function* ({ objects }) {
  for (const { at, object, path, value } of portsOf(objects)) {
    if (typeof value !== 'string' || !/^\d+$/.test(value)) continue;
    yield {
      at,
      path,
      sentence: `"${value}" in quotes is the name of a port. For the number, take the quotes away.`,
      objects: withObject(objects, at, withValue(object, path, Number(value))),
    };
  }
};

/** Calico: a client's own port is any; the port of the server is the destination's. */
export const sourcePort: FindRepairs = function* ({ objects }) {
  for (const { at, object } of orderedPolicies(objects)) {
    for (const direction of ['ingress', 'egress'] as const) {
      for (const [i, rule] of listAt(object, ['spec', direction]).entries()) {
        const ports = valueAt(rule, ['source', 'ports']);
        if (!Array.isArray(ports)) continue;
        const { ports: moved, ...source } = objectAt(rule, ['source']) ?? {};
        const destination = { ...objectAt(rule, ['destination']), ports: moved };
        const path = ['spec', direction, i];
        const { source: _, ...rest } = rule;
        const repaired = {
          ...rest,
          ...(Object.keys(source).length === 0 ? {} : { source }),
          destination,
        };
        yield {
          at,
          path: [...path, 'source', 'ports'],
          sentence:
            "`source.ports` is the client's own port, which its system picks anew for each connection. The port it connects to is `destination.ports`.",
          objects: withObject(objects, at, withValue(object, path, repaired)),
        };
      }
    }
  }
};

/** Whatever the intended policies say about port 53, the written ones say nothing of it. */
export const dnsForgotten: FindRepairs = function* ({ objects, intended }) {
  const rules = [...rulesOf(intended)].filter(
    ({ direction, rule }) => direction === 'egress' && mentionsDns(rule),
  );
  for (const { at, object } of networkPolicies(objects)) {
    const own = listAt(object, ['spec', 'egress']);
    for (const candidate of [rules.map(({ rule }) => rule), ...rules.map(({ rule }) => [rule])]) {
      if (candidate.length === 0) continue;
      const path = ['spec', 'egress'];
      const partly = own.some(mentionsDns);
      yield {
        at,
        path,
        sentence: partly
          ? 'DNS needs port 53 over UDP and over TCP, to the pods that answer it; here a part of that is missing.'
          : 'DNS is forgotten: before a pod can connect to a name it must ask for its address, on port 53 over UDP and TCP. Add an egress rule for it.',
        objects: withObject(objects, at, withValue(object, path, [...own, ...candidate])),
      };
    }
  }
};

const mentionsDns = (rule: JsonObject): boolean =>
  listAt(rule, ['ports']).some(({ port }) => port === 53 || port === 'dns' || port === 'dns-tcp');

interface PortAt {
  at: number;
  object: JsonObject;
  path: Path;
  value: number | string;
}

function* portsOf(objects: readonly JsonObject[]): Generator<PortAt> {
  for (const { at, object, path, rule } of rulesOf(objects)) {
    for (const [i, { port }] of listAt(rule, ['ports']).entries()) {
      if (typeof port !== 'number' && typeof port !== 'string') continue;
      yield { at, object, path: [...path, 'ports', i, 'port'], value: port };
    }
  }
  for (const { at, object } of orderedPolicies(objects)) {
    for (const direction of ['ingress', 'egress'] as const) {
      for (const [i, rule] of listAt(object, ['spec', direction]).entries()) {
        const path = ['spec', direction, i, 'destination', 'ports'];
        const ports = valueAt(rule, ['destination', 'ports']);
        if (!Array.isArray(ports)) continue;
        for (const [j, port] of ports.entries()) {
          if (typeof port === 'number' || typeof port === 'string') {
            yield { at, object, path: [...path, j], value: port };
          }
        }
      }
    }
  }
}

function* servicePorts(
  services: readonly JsonObject[],
  written: number | string,
): Generator<{ service: string; targets: (string | number)[] }> {
  for (const service of services) {
    const name = `${textAt(service, ['metadata', 'namespace']) ?? 'default'}/${textAt(service, ['metadata', 'name']) ?? ''}`;
    for (const { name: portName, port, targetPort } of listAt(service, ['spec', 'ports'])) {
      if (written !== port && written !== portName) continue;
      if (typeof targetPort !== 'number' && typeof targetPort !== 'string') continue;
      if (targetPort !== written) yield { service: name, targets: [targetPort] };
    }
  }
}
