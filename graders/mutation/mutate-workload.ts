import { isDeepStrictEqual } from 'node:util';
import { type JsonObject } from '../../common/json.js';
import { leftOutOrMoved, listOf, mutateMap, objectOf, type Mutant } from './mutant.js';

/** A program that runs and serves nobody. */
const IDLE = ['sleep', 'infinity'];

/**
 * Every way to get one thing of a Pod wrong: the Pod, its namespace, a label, an image that is not there, a program that
 * does not serve. Pure.
 */
export function podMutants(pod: JsonObject, namespaces: readonly string[]): Mutant[] {
  const metadata = objectOf(pod['metadata']);
  const mutants = [
    ...leftOutOrMoved(pod, namespaces),
    ...mutateMap(objectOf(metadata['labels'])).map(({ what, value }) => ({
      what: `label ${what}`,
      object: { ...pod, metadata: { ...metadata, labels: value } },
    })),
    { what: 'no labels', object: { ...pod, metadata: { ...metadata, labels: {} } } },
    ...containerMutants(objectOf(pod['spec'])).map(({ what, spec }) => ({
      what,
      object: { ...pod, spec },
    })),
  ];
  return mutants.filter(({ object }) => !isDeepStrictEqual(object, pod));
}

/** The same for what makes pods: a Deployment, StatefulSet or DaemonSet; labels change in its selector as well. Pure. */
export function controllerMutants(object: JsonObject, namespaces: readonly string[]): Mutant[] {
  const spec = objectOf(object['spec']);
  const template = objectOf(spec['template']);
  const respec = (changed: JsonObject): JsonObject => ({
    ...object,
    spec: { ...spec, ...changed },
  });
  const metadata = objectOf(template['metadata']);
  const mutants = [
    ...leftOutOrMoved(object, namespaces),
    ...(spec['replicas'] === undefined
      ? []
      : [{ what: 'no replicas', object: respec({ replicas: 0 }) }]),
    ...mutateMap(objectOf(metadata['labels'])).map(({ what, value }) => ({
      what: `label ${what}`,
      object: respec({
        selector: { matchLabels: value },
        template: { ...template, metadata: { ...metadata, labels: value } },
      }),
    })),
    ...containerMutants(objectOf(template['spec'])).map(({ what, spec: podSpec }) => ({
      what,
      object: respec({ template: { ...template, spec: podSpec } }),
    })),
  ];
  return mutants.filter((mutant) => !isDeepStrictEqual(mutant.object, object));
}

function containerMutants(spec: JsonObject): { what: string; spec: JsonObject }[] {
  const containers = listOf(spec['containers']).map(objectOf);
  return containers.flatMap((container, i) => {
    const { args: _, ...rest } = container;
    const changed = (by: JsonObject): JsonObject => ({
      ...spec,
      containers: containers.with(i, by),
    });
    return [
      {
        what: `container ${i + 1}: image misspelt`,
        spec: changed({ ...container, image: 'nobody/has-this:0' }),
      },
      {
        what: `container ${i + 1}: serves nothing`,
        spec: changed({ ...rest, command: IDLE }),
      },
    ];
  });
}
