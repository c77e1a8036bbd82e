import ipaddr from 'ipaddr.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { valueAt, type JsonObject } from '../../common/json.js';
import type { Finding } from '../../common/verdict.js';
import { isAs, type CanaryResult, type Enforcement } from '../canary.js';
import {
  worstOutcome,
  type CheckContext,
  type CheckOf,
  type CheckVerdict,
} from '../check-context.js';
import { objectsOfKind, type ClusterView } from '../cluster-view.js';
import { valuesAtPath } from '../json-path.js';
import { daemonSetNamesOf, pluginDaemonSets } from '../policy-engine.js';
import { listed } from '../reachability/endpoint.js';

type ClusterCheck = CheckOf<'cluster'>;
const PAUSES_MS = [200, 300, 500, 1000, 1000, 2000, 2000];

/** Nodes, plugin and addresses as the cluster reports them; enforcement as a canary of our own meets it. */
export async function checkCluster(
  check: ClusterCheck,
  context: CheckContext,
): Promise<CheckVerdict> {
  let findings = reported(check, await context.view({ fresh: true }));
  for (const pauseMs of PAUSES_MS) {
    // Only what is on its way is waited for: nothing starts by itself in a cluster without a plugin.
    if (!findings.some(({ finding, starting }) => finding.outcome !== 'passed' && starting)) break;
    await sleep(pauseMs * context.patience, undefined, { signal: context.signal });
    findings = reported(check, await context.view({ fresh: true }));
  }
  const all = findings.map(({ finding }) => finding);
  if (check.enforcement !== undefined && worstOutcome(all) === 'passed') {
    const view = await context.view({ fresh: true });
    const result = await context.wire.runCanary({
      view,
      expected: check.enforcement,
      signal: context.signal,
    });
    all.push(...canaryFindings(check.enforcement, result));
  }
  const first = all.find(({ outcome }) => outcome !== 'passed');
  return {
    outcome: worstOutcome(all),
    message:
      first === undefined
        ? 'The cluster is as it should be.'
        : `${first.subject}: should be ${first.expected}, but is ${first.observed}. ${first.reason ?? ''}`.trim(),
    findings: all,
  };
}

interface Report {
  finding: Finding;
  /** Whether waiting may help. */
  starting: boolean;
}

function reported(check: ClusterCheck, view: ClusterView): Report[] {
  return [
    ...(check.nodesReady === true ? nodeReports(view) : []),
    ...(check.plugin === undefined ? [] : [pluginReport(check.plugin, view)]),
    ...(check.podsNetworked === true ? podReports(view) : []),
  ];
}

function nodeReports(view: ClusterView): Report[] {
  const starting = pluginDaemonSets(view.objects).length > 0;
  return view.nodes.map(({ name, ready, message }) => ({
    starting,
    finding: {
      subject: `node ${name}`,
      expected: 'Ready',
      observed: ready ? 'Ready' : 'NotReady',
      outcome: ready ? 'passed' : 'failed',
      ...(ready
        ? {}
        : {
            reason: `The node says: ${message}.`.replace(/\.\.$/, '.'),
            next: `kubectl describe node ${name}`,
          }),
    },
  }));
}

function whyNotEverywhere(
  { desired, ready, name }: { desired: number; ready: number; name: string },
  nodes: number,
): string {
  if (desired < nodes) {
    return `${name} is meant for ${desired} of ${nodes} nodes: its nodeSelector, affinity or tolerations leave out the others.`;
  }
  return `${desired - ready} of its pods are not ready yet.`;
}

function pluginReport(plugin: string, view: ClusterView): Report {
  const all = pluginDaemonSets(view.objects);
  const found = all.find((one) => one.plugin === plugin);
  const names = daemonSetNamesOf(plugin);
  const subject = `network plugin ${plugin}`;
  const expected = `the DaemonSet ${names[0] ?? plugin} ready on all ${view.nodes.length} nodes`;
  if (found === undefined) {
    const reason = view.objects.some((object) => isNamed(object, names))
      ? `There is a DaemonSet called ${names.join(' or ')}, but it does not run the images of ${plugin}.`
      : all.length > 0
        ? `There is ${listed(all.map(({ plugin: other, name }) => `${name} (${other})`))}, but no ${names.join(' or ')}.`
        : `No DaemonSet called ${names.join(' or ')} exists, and none of another network plugin.`;
    return {
      starting: false,
      finding: {
        subject,
        expected,
        observed: 'not deployed',
        outcome: 'failed',
        reason,
        next: 'kubectl get daemonsets -A',
      },
    };
  }
  const ok = found.desired === view.nodes.length && found.ready >= found.desired;
  return {
    // A DaemonSet that wants no nodes is not on its way.
    starting: !found.counted || found.desired > 0,
    finding: {
      subject,
      expected,
      observed: `ready on ${found.ready} of ${view.nodes.length}`,
      outcome: ok ? 'passed' : 'failed',
      ...(ok
        ? {}
        : {
            reason: whyNotEverywhere(found, view.nodes.length),
            next: `kubectl describe daemonset ${found.name} -n ${found.namespace}`,
          }),
    },
  };
}

function isNamed(object: JsonObject, names: readonly string[]): boolean {
  const name = valueAt(object, ['metadata', 'name']);
  return object['kind'] === 'DaemonSet' && typeof name === 'string' && names.includes(name);
}

function podReports(view: ClusterView): Report[] {
  const pods = view.pods.filter(({ hostNetwork }) => !hostNetwork);
  const pools = poolsOf(view);
  const starting = pluginDaemonSets(view.objects).length > 0;
  if (pods.length === 0) {
    const finding: Finding = {
      subject: 'pods',
      expected: 'an address from the pool',
      observed: 'there are no pods',
      outcome: 'failed',
    };
    return [{ starting, finding }];
  }
  return pods.map(({ namespace, name, addresses, problem, phase }) => {
    const outside = addresses.filter((address) => !pools.some((pool) => isIn(address, pool)));
    const ok = addresses.length > 0 && outside.length === 0;
    const reason =
      addresses.length === 0
        ? `The pod is ${phase}${problem === undefined ? '' : `: ${problem}`}.`
        : `${listed(outside)} is in none of the pools ${listed(pools)}: the pod was networked by something else. Recreate it.`;
    return {
      starting: starting && addresses.length === 0,
      finding: {
        subject: `pod ${namespace}/${name}`,
        expected: `an address from ${listed(pools) || 'a pool'}`,
        observed: addresses.length === 0 ? 'no address' : listed(addresses),
        outcome: ok ? 'passed' : 'failed',
        ...(ok ? {} : { reason, next: `kubectl describe pod ${name} -n ${namespace}` }),
      },
    };
  });
}

/** Calico's pools where there are any, else the ranges given to the nodes. */
function poolsOf(view: ClusterView): string[] {
  const pools = ['projectcalico.org/v3', 'crd.projectcalico.org/v1']
    .flatMap((version) => objectsOfKind(view.objects, version, 'IPPool'))
    .flatMap((pool) => valuesAtPath(pool, '.spec.cidr'))
    .filter((cidr) => typeof cidr === 'string');
  return pools.length > 0 ? [...new Set(pools)] : view.nodes.flatMap(({ podCidrs }) => podCidrs);
}

function isIn(address: string, cidr: string): boolean {
  if (!ipaddr.isValid(address) || !ipaddr.isValidCIDR(cidr)) return false;
  const one = ipaddr.parse(address);
  const range = ipaddr.parseCIDR(cidr);
  return one.kind() === range[0].kind() && one.match(range);
}

function canaryFindings(expected: Enforcement, result: CanaryResult): Finding[] {
  if (result.notReady !== undefined) {
    return [
      {
        subject: 'policy canary',
        expected: 'its pods start',
        observed: 'not ready in time',
        outcome: 'inconclusive',
        reason: `The platform's own test pods did not start (${result.notReady}).`,
      },
    ];
  }
  if (result.overruled !== undefined) {
    return [
      {
        subject: 'policy canary',
        expected: 'its own policy decides about its paths',
        observed: 'another policy does',
        outcome: 'inconclusive',
        reason: `So it cannot be told whether policies are enforced. ${result.overruled}`,
        next: 'kubectl get networkpolicies -A',
      },
    ];
  }
  return result.nodes.map((one) => {
    const { node, allowed, denied, alive } = one;
    const base = {
      subject: `policy canary on node ${node}`,
      expected:
        expected === 'enforced'
          ? 'the listed client passes, the other is stopped'
          : 'both clients pass',
      observed: `listed client: ${allowed.cause}, other client: ${denied.cause}`,
      ...(denied.droppedBy === undefined ? {} : { droppedBy: denied.droppedBy }),
    };
    if (isAs(expected, { nodes: [one] })) return { ...base, outcome: 'passed' as const };
    const unclear = alive.cause !== 'open' || [allowed.cause, denied.cause].includes('unknown');
    const reason = unclear
      ? `The test server did not answer itself (${alive.cause}).`
      : denied.cause === 'open'
        ? 'A policy denies the other client and its packets arrive all the same: nothing enforces policies on this node.'
        : allowed.cause !== 'open'
          ? 'Even the client that the policy lists does not get through: pods cannot reach each other here.'
          : 'The policy is enforced.';
    return {
      ...base,
      outcome: unclear ? ('inconclusive' as const) : ('failed' as const),
      reason,
      next: 'kubectl get pods -A -o wide',
    };
  });
}
