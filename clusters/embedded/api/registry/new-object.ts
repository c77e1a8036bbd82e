import { randomUUID } from 'node:crypto';
import { apiVersionOf } from '../api-version.js';
import type { KubeObject, NewObject } from '../cluster-api.js';
import { cloneJson } from '../json/json-values.js';
import type { ResourceDefinition } from '../resource-definition.js';
import { tidyMeta, timestamp } from './object-meta.js';

/** What a client sent as an object of the server's: with an identity, and without what only the server sets. */
export function newObject(
  definition: ResourceDefinition,
  input: NewObject,
  nowMs: number,
): KubeObject {
  const { apiVersion: _apiVersion, kind: _kind, metadata: given, ...rest } = cloneJson(input);
  const metadata = tidyMeta({
    ...given,
    uid: randomUUID(),
    resourceVersion: '',
    creationTimestamp: timestamp(nowMs),
  });
  delete metadata.generation;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  if (!definition.namespaced) delete metadata.namespace;
  return { kind: definition.kind, apiVersion: apiVersionOf(definition), metadata, ...rest };
}
