import type { Node } from '../objects.js';
import { matchesNode } from './node-affinity.js';

test.each<{ operator: string; values: string[]; value?: string; expected: boolean }>([
  { operator: 'In', values: ['3'], value: '3', expected: true },
  { operator: 'DoesNotExist', values: [], expected: true },
  { operator: 'Gt', values: ['3'], value: '4', expected: true },
  { operator: 'Gt', values: ['3'], value: '3', expected: false },
  { operator: 'Gt', values: ['3'], value: 'many', expected: false },
  { operator: 'Lt', values: ['3'], value: '2', expected: true },
  { operator: 'Lt', values: ['3'], expected: false },
  { operator: 'Near', values: ['3'], value: '3', expected: false },
])(
  'a node whose label is $value fits $operator $values: $expected',
  ({ operator, values, value, expected }) => {
    const node: Node = {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'n', labels: value === undefined ? {} : { key: value } },
    } as Node;
    const nodeSelectorTerms = [{ matchExpressions: [{ key: 'key', operator, values }] }];
    const spec = {
      containers: [],
      affinity: {
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
      },
    };
    expect(matchesNode(spec, node)).toBe(expected);
  },
);
