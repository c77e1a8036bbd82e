import { valueAt, type Json, type JsonObject } from '../../common/json.js';
import { leftOutOrMoved, listOf, mutateMap, objectOf, type Change, type Mutant } from './mutant.js';

/**
 * Every way to get one thing of a Service wrong: the Service, its namespace, whom it selects, a port that clients dial,
 * the port it leads to, the protocol, the door in the nodes. Pure.
 */
export function serviceMutants(service: JsonObject, namespaces: readonly string[]): Mutant[] {
  const spec = objectOf(service['spec']);
  const respec = (changed: JsonObject): JsonObject => ({
    ...service,
    spec: { ...spec, ...changed },
  });
  const selector = objectOf(spec['selector']);
  const ports = listOf(spec['ports']);
  return [
    ...leftOutOrMoved(service, namespaces),
    ...(Object.keys(selector).length === 0
      ? []
      : [{ what: 'no selector', object: respec({ selector: {} }) }]),
    ...mutateMap(selector).map(({ what, value }) => ({
      what: `selector: ${what}`,
      object: respec({ selector: value }),
    })),
    ...ports.flatMap((port, i) =>
      portMutants(objectOf(port)).map(({ what, value }) => ({
        what: `port ${i + 1}: ${what}`,
        object: respec({ ports: ports.with(i, value) }),
      })),
    ),
    ...(valueAt(spec, ['type']) === 'NodePort'
      ? [
          {
            what: 'not on the nodes',
            object: respec({ type: 'ClusterIP', ports: ports.map(within) }),
          },
        ]
      : []),
  ];
}

function portMutants(port: JsonObject): Change<JsonObject>[] {
  const { port: dialled, targetPort } = port;
  const protocol = port['protocol'] === 'UDP' ? 'TCP' : 'UDP';
  return [
    ...(typeof dialled === 'number'
      ? [{ what: `${dialled + 1} dialled`, value: { ...port, port: dialled + 1 } }]
      : []),
    typeof targetPort === 'number'
      ? { what: `to ${targetPort + 1}`, value: { ...port, targetPort: targetPort + 1 } }
      : { what: 'to a port of another name', value: { ...port, targetPort: 'nobody' } },
    { what: `${protocol} instead`, value: { ...port, protocol } },
  ];
}

function within(port: Json): Json {
  const { nodePort: _, ...rest } = objectOf(port);
  return rest;
}
