import type { JsonObject } from '../../common/json.js';
import type { Lab } from '../../common/lab.js';
import { runChecks } from '../run-checks.js';
import {
  labWith,
  namespaceObject,
  pluginObject,
  policyObject,
  recordedCluster,
} from '../test-cluster.js';

const WEB = { podSelector: { matchLabels: { app: 'web' } } };
const DB = { matchLabels: { app: 'db' } };
const REFERENCE = policyObject('shop/db', {
  podSelector: DB,
  policyTypes: ['Ingress'],
  ingress: [{ from: [WEB] }],
});

function lab(more: JsonObject = {}): Lab {
  const one = labWith([{ kind: 'intent', reference: ['solution/db.yaml'], ...more }]);
  return { ...one, references: { 'solution/db.yaml': [REFERENCE] } };
}

/** The cluster refuses pods of ours, so that only the comparison speaks. */
async function judge(policies: JsonObject[], more: JsonObject = {}) {
  const objects = [namespaceObject('shop'), namespaceObject('dev'), pluginObject('calico-node')];
  const cluster = recordedCluster([...objects, ...policies]);
  const { checks } = await runChecks({ lab: lab(more), cluster, answers: {}, patience: 0 });
  return { outcome: checks[0]?.outcome, message: checks[0]?.message };
}

test('what lets one pod too many in is told with that pod and the rule', async () => {
  const { outcome, message } = await judge([
    policyObject('shop/mine', {
      podSelector: DB,
      policyTypes: ['Ingress'],
      ingress: [{ from: [WEB, { namespaceSelector: {}, ...WEB }] }],
    }),
  ]);
  expect(outcome).toBe('failed');
  expect(message).toMatch(
    /^A pod with app=web in namespace dev can still reach a pod with app=db in namespace shop on TCP port \d+\. .*first ingress rule of shop\/mine.* That should be stopped\./,
  );
});

test('what keeps out a pod that should come in is told the same way', async () => {
  const { outcome, message } = await judge([
    policyObject('shop/mine', { podSelector: DB, policyTypes: ['Ingress'] }),
  ]);
  expect(outcome).toBe('failed');
  expect(message).toMatch(
    /^A pod with app=web in namespace shop cannot reach .* That should be allowed\./,
  );
});

test('no policy at all is a difference, with nothing to describe', async () => {
  expect((await judge([])).outcome).toBe('failed');
});

test('the same in other words is not believed without a packet that was stopped', async () => {
  const { outcome, message } = await judge([
    policyObject('shop/a', { podSelector: DB, policyTypes: ['Ingress'] }),
    policyObject('shop/b', {
      podSelector: DB,
      policyTypes: ['Ingress'],
      ingress: [{ from: [WEB] }],
    }),
  ]);
  expect(outcome).toBe('inconclusive');
  expect(message).toContain('could not be tried whether they are enforced');
});

test('policies of other namespaces are not compared, unless the lab says so', async () => {
  const elsewhere = policyObject('dev/closed', { podSelector: {}, policyTypes: ['Ingress'] });
  expect((await judge([REFERENCE, elsewhere])).outcome).toBe('inconclusive');
  expect((await judge([REFERENCE, elsewhere], { namespaces: ['shop', 'dev'] })).outcome).toBe(
    'failed',
  );
});
