import { jest } from '@jest/globals';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { eventually, kubectl, spec } from '../provider.contract.js';
import type { Phase } from '../../common/progress.js';
import { clusterFiles } from './names.js';
import { createKindUnderTest } from './provider-fixture.js';

jest.setTimeout(180_000);

const BARE = { cni: 'none', manifests: [], nodes: 2 } as const;

test('a reset by objects is enough for what a learner did in the API', async () => {
  await using under = await createKindUnderTest();
  await using cluster = await under.provider.create(spec('reset'));
  const before = await kubectl(cluster, 'learner', [
    'get',
    'all,configmaps,secrets',
    '-A',
    '-o',
    'name',
  ]);
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'toys.example.org' },
    spec: {
      group: 'example.org',
      scope: 'Cluster',
      names: { kind: 'Toy', plural: 'toys' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          },
        },
      ],
    },
  };
  await cluster.apply([
    definition,
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'mine', finalizers: [] } },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'stuck', namespace: 'mine', finalizers: ['example.org/never'] },
    },
    {
      apiVersion: 'crd.projectcalico.org/v1',
      kind: 'GlobalNetworkPolicy',
      metadata: { name: 'closed' },
      spec: { selector: 'all()' },
    },
  ]);
  await eventually(async () => {
    await cluster.apply([
      { apiVersion: 'example.org/v1', kind: 'Toy', metadata: { name: 'ball' } },
    ]);
  });
  await kubectl(cluster, 'learner', ['-n', 'kube-system', 'delete', 'deployment', 'coredns']);
  await kubectl(cluster, 'learner', ['-n', 'shop', 'scale', 'deployment', 'web', '--replicas=3']);
  await kubectl(cluster, 'learner', ['delete', 'namespace', 'shop', '--wait=false']);
  await kubectl(cluster, 'learner', ['label', 'node', 'worker-1', 'mine=yes']);
  await cluster.reset();
  expect(under.warnings).toEqual([]);
  const left = await kubectl(cluster, 'learner', [
    'get',
    'crd,ns,globalnetworkpolicies',
    '-o',
    'name',
  ]);
  expect(left.stdout).not.toMatch(/toys|mine|closed/);
  expect(left.stdout).toContain('namespace/shop');
  const after = await kubectl(cluster, 'learner', [
    'get',
    'all,configmaps,secrets',
    '-A',
    '-o',
    'name',
  ]);
  const names = (text: string): string[] =>
    text
      .split('\n')
      .map((name) => name.replace(/-[a-z0-9]{5,10}(-[a-z0-9]{5})?$/, ''))
      .toSorted();
  expect(names(after.stdout)).toEqual(names(before.stdout));
  const nodes = await kubectl(cluster, 'learner', ['get', 'nodes', '-l', 'mine=yes', '-o', 'name']);
  expect(nodes.stdout).toBe('');
});
