import type { JsonObject } from '../common/json.js';
import { policyEngineOf, policyObjectsOf } from './policy-engine.js';
import { pluginObject, policyObject } from './test-cluster.js';

const CALICO = pluginObject('calico-node');
const IN_NAME_ONLY = pluginObject('cilium', 'busybox:1.36');
const GLOBAL: JsonObject = {
  apiVersion: 'crd.projectcalico.org/v1',
  kind: 'GlobalNetworkPolicy',
  metadata: { name: 'open' },
  spec: {},
};

test('a plugin is known by its images, whatever name its DaemonSet has', () => {
  expect(policyEngineOf([pluginObject('my-network', 'quay.io/calico/node:v3.29.1')])).toEqual({
    plugin: 'calico',
    enforces: true,
  });
  expect(policyEngineOf([IN_NAME_ONLY]).enforces).toBeUndefined();
});

test('a DaemonSet with the name of another plugin hides no policies of the one that runs', () => {
  const engine = policyEngineOf([IN_NAME_ONLY, CALICO]);
  expect(engine.plugin).toBe('calico');
  expect(policyObjectsOf([GLOBAL], engine).policies).toEqual([GLOBAL]);
});

test('where two plugins run, policies that only one of them knows cannot be reasoned about', () => {
  const engine = policyEngineOf([pluginObject('cilium'), CALICO]);
  expect(engine).toEqual({ plugin: 'unknown', enforces: undefined });
  expect(policyObjectsOf([GLOBAL], engine).unknown).toEqual(['GlobalNetworkPolicy open']);
});

test('objects of a kind that the learner defined are neither plugins nor policies', () => {
  const plugin = { ...CALICO, apiVersion: 'example.com/v1' };
  expect(policyEngineOf([plugin]).plugin).toBe('none');
  const policy = { ...policyObject('prod/deny', {}), apiVersion: 'networking.k8s.io/v9' };
  expect(policyObjectsOf([policy], policyEngineOf([CALICO])).policies).toEqual([]);
});
