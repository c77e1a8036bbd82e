import type { KubeObject } from '../../cluster-api.js';
import { AGE, column, NAME } from '../columns.js';
import { defineResource, statusSubresource } from '../define-resource.js';
import { validateMeta } from '../object-meta.js';

/** Shares of the API server's attention: kept as they come; nothing here queues requests. */

interface FlowSchema extends KubeObject {
  spec: {
    priorityLevelConfiguration?: { name?: string };
    matchingPrecedence?: number;
    distinguisherMethod?: { type?: string };
  };
  status?: { conditions?: { type?: string; status?: string }[] };
}

interface PriorityLevel extends KubeObject {
  spec: {
    type?: string;
    limited?: {
      nominalConcurrencyShares?: number;
      limitResponse?: {
        queuing?: { queues?: number; handSize?: number; queueLengthLimit?: number };
      };
    };
  };
}

const COMMON = {
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  namespaced: false,
  hasGeneration: true,
} as const;
const DEFAULT_PRECEDENCE = 1000;
const DEFAULT_SHARES = 30;

export const FLOW_SCHEMAS = defineResource({
  ...COMMON,
  kind: 'FlowSchema',
  plural: 'flowschemas',
  subresources: [statusSubresource('FlowSchema')],
  applyDefaults(schema: FlowSchema) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    schema.spec ??= {};
    schema.spec.matchingPrecedence ??= DEFAULT_PRECEDENCE;
  },
  validate: (schema) => validateMeta(schema),
  columns: [
    NAME,
    column<FlowSchema>(
      'PriorityLevel',
      'Where it queues.',
      ({ spec }) => spec.priorityLevelConfiguration?.name ?? '',
    ),
    column<FlowSchema>(
      'MatchingPrecedence',
      'Lower goes first.',
      ({ spec }) => spec.matchingPrecedence ?? 0,
    ),
    column<FlowSchema>(
      'DistinguisherMethod',
      'What tells flows apart.',
      ({ spec }) => spec.distinguisherMethod?.type ?? '<none>',
    ),
    AGE,
    column<FlowSchema>(
      'MissingPL',
      'Whether its level is missing.',
      ({ status }) => status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?',
    ),
  ],
});

export const PRIORITY_LEVEL_CONFIGURATIONS = defineResource({
  ...COMMON,
  kind: 'PriorityLevelConfiguration',
  plural: 'prioritylevelconfigurations',
  subresources: [statusSubresource('PriorityLevelConfiguration')],
  applyDefaults(level: PriorityLevel) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    level.spec ??= {};
    if (level.spec.limited !== undefined)
      level.spec.limited.nominalConcurrencyShares ??= DEFAULT_SHARES;
  },
  validate: (level) => validateMeta(level),
  columns: [
    NAME,
    column<PriorityLevel>('Type', 'Limited or Exempt.', ({ spec }) => spec.type ?? ''),
    column<PriorityLevel>(
      'NominalConcurrencyShares',
      'Its share.',
      ({ spec }) => spec.limited?.nominalConcurrencyShares ?? '<none>',
    ),
    column<PriorityLevel>(
      'Queues',
      'Number of queues.',
      (level) => queuing(level)?.queues ?? '<none>',
    ),
    column<PriorityLevel>(
      'HandSize',
      'Queues per flow.',
      (level) => queuing(level)?.handSize ?? '<none>',
    ),
    column<PriorityLevel>(
      'QueueLengthLimit',
      'Longest queue.',
      (level) => queuing(level)?.queueLengthLimit ?? '<none>',
    ),
    AGE,
  ],
});

function queuing({
  spec,
}: PriorityLevel): { queues?: number; handSize?: number; queueLengthLimit?: number } | undefined {
  return spec.limited?.limitResponse?.queuing;
}
