import { randomInt } from 'node:crypto';
import type { KubeMeta } from '../cluster-api.js';

/** Letters and digits that spell no words. */
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_LENGTH = 5;
const MAX_GENERATED = 63;

export function generateName(base: string): string {
  let name = base.slice(0, MAX_GENERATED - SUFFIX_LENGTH);
  for (let i = 0; i < SUFFIX_LENGTH; i += 1) {
    name += SUFFIX_ALPHABET[randomInt(SUFFIX_ALPHABET.length)] ?? '';
  }
  return name;
}

/** RFC 3339 with whole seconds, as all object timestamps. */
export function timestamp(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/** The known metadata fields in the real server's order, without empty ones. */
export function tidyMeta(meta: Partial<KubeMeta>): KubeMeta {
  const tidy: KubeMeta = {
    name: meta.name ?? '',
    ...(filled(meta.generateName) && { generateName: meta.generateName }),
    ...(filled(meta.namespace) && { namespace: meta.namespace }),
    uid: meta.uid ?? '',
    resourceVersion: meta.resourceVersion ?? '',
    ...(meta.generation !== undefined && meta.generation !== 0 && { generation: meta.generation }),
    creationTimestamp: meta.creationTimestamp ?? '',
  };
  if (filled(meta.deletionTimestamp)) tidy.deletionTimestamp = meta.deletionTimestamp;
  if (typeof meta.deletionGracePeriodSeconds === 'number') {
    tidy.deletionGracePeriodSeconds = meta.deletionGracePeriodSeconds;
  }
  if (!isEmpty(meta.labels)) tidy.labels = meta.labels;
  if (!isEmpty(meta.annotations)) tidy.annotations = meta.annotations;
  if (!isEmpty(meta.ownerReferences)) tidy.ownerReferences = meta.ownerReferences;
  if (!isEmpty(meta.finalizers)) tidy.finalizers = meta.finalizers;
  if (!isEmpty(meta.managedFields)) tidy.managedFields = meta.managedFields;
  return tidy;
}

function filled(text: string | null | undefined): boolean {
  return text !== undefined && text !== null && text !== '';
}

/** Clients send null for what they mean to leave out. */
function isEmpty(value: object | null | undefined): boolean {
  return value === undefined || value === null || Object.keys(value).length === 0;
}
