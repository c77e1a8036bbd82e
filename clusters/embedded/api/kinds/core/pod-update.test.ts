import { create, faultsOf, update } from '../test-support/small-cluster.js';
import type { Pod } from './pod.js';
import { PODS } from './pods.js';

const CONTAINER = { name: 'c', image: 'nginx:1.25' };

describe('a changed pod', () => {
  const old = create(PODS, {
    metadata: { name: 'p' },
    spec: { containers: [CONTAINER], activeDeadlineSeconds: 100 },
  }) as Pod;
  const change = (edit: (spec: Pod['spec']) => void): string[] =>
    faultsOf(() =>
      update(PODS, old, {
        change: (draft) => {
          edit((draft as Pod).spec);
        },
      }),
    );

  test('may have other images, a shorter deadline and more tolerations', () => {
    const faultsFound = change((spec) => {
      spec.containers![0]!.image = 'nginx:2';
      spec.activeDeadlineSeconds = 50;
      spec.tolerations!.push({ key: 'a', operator: 'Exists' });
    });
    expect(faultsFound).toEqual([]);
  });

  test('may be bound to a node once', () => {
    expect(
      change((spec) => {
        spec.nodeName = 'n1';
      }),
    ).toEqual([]);
    const bound = structuredClone(old);
    bound.spec.nodeName = 'n1';
    const moved = faultsOf(() =>
      update(PODS, bound, {
        change: (draft) => {
          (draft as Pod).spec.nodeName = 'n2';
        },
      }),
    );
    expect(moved).toHaveLength(1);
  });

  test('may have nothing else changed', () => {
    const [fault] = change((spec) => {
      spec.containers![0]!.command = ['sleep'];
    });
    expect(fault).toMatch(
      /^spec: Forbidden: pod updates may not change fields other than `spec\.containers\[\*\]\.image`,`spec\.initContainers\[\*\]\.image`,`spec\.activeDeadlineSeconds`,`spec\.tolerations` \(only additions to existing tolerations\),`spec\.terminationGracePeriodSeconds` \(allow it to be set to 1 if it was previously negative\)\n/,
    );
  });

  test('may not gain or lose containers', () => {
    expect(
      change((spec) => {
        spec.containers!.push({ name: 'd', image: 'x' });
      })[0],
    ).toBe('spec.containers: Forbidden: pod updates may not add or remove containers');
  });

  test('may not drop tolerations or lengthen its deadline', () => {
    expect(
      change((spec) => {
        spec.tolerations = [];
      }),
    ).toEqual([
      'spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds',
    ]);
    expect(
      change((spec) => {
        spec.activeDeadlineSeconds = 200;
      }),
    ).toEqual([
      'spec.activeDeadlineSeconds: Invalid value: 200: must be less than or equal to previous value',
    ]);
  });
});
