import { isJsonObject } from '../../common/json.js';
import type { ProbeRequest, ProbeResult } from '../../common/probe.js';
import { GatehouseError } from '../../common/errors.js';
import { viewOf, type ClusterView } from '../cluster-view.js';
import type { WitnessTrial } from '../intent/real-witness.js';
import type { CheckFacts, CheckPlace, Facts, LookAtCluster, Wire } from '../facts.js';
import { pathKey } from '../reachability/path-key.js';
import type { CheckEvidence, Evidence, RunEvidence } from './evidence.js';
import { findStopped, type Seen } from './stopped-then.js';
import { trialKey } from './trial-key.js';

/**
 * A run's facts as they were: each check sees what it saw, and where it did not look itself, what the others saw. What
 * nobody asked then is not known now, and is said to be so.
 */
export function recordedFacts(evidence: Evidence, run: RunEvidence): Facts {
  const views = run.looks.map(({ takenAt, objects }) =>
    viewOf(
      { takenAt, objects: objects.map((index) => evidence.objects[index]).filter(isJsonObject) },
      run.omittedKinds,
    ),
  );
  const [start] = views;
  const end = views.at(-1);
  return {
    provider: run.provider,
    cluster: run.cluster,
    view: (options) => existing(options?.fresh === true ? end : start),
    of: (place) => recordedCheck(run, { place, views }),
  };
}

const NOT_SENT = 'no such packet was sent when the attempt was made';

function recordedCheck(
  run: RunEvidence,
  { place, views }: { place: CheckPlace; views: readonly ClusterView[] },
): CheckFacts {
  const isOwn = ({ step, check }: CheckEvidence): boolean =>
    step === place.step && check === place.check;
  // Its own come first.
  const records = run.checks.toSorted((a, b) => Number(isOwn(b)) - Number(isOwn(a)));
  const look = records.filter(isOwn).at(-1)?.look;
  const view: LookAtCluster = () => existing(look === undefined ? views.at(-1) : views[look]);
  return {
    view,
    wire: recordedWire({ records, views }),
    wasAsked: (id) => run.questions.includes(id),
  };
}

function recordedWire(seen: Seen): Wire {
  const { records } = seen;
  const answers = new Map<string, ProbeResult>();
  for (const result of records.flatMap(({ probes }) => probes)) {
    const key = pathKey(result.request);
    if (!answers.has(key)) answers.set(key, result);
  }
  const unsent = (request: ProbeRequest): ProbeResult => ({
    request,
    cause: 'unknown',
    tookMs: 0,
    detail: NOT_SENT,
  });
  return {
    probe: (requests) =>
      Promise.resolve(requests.map((one) => answers.get(pathKey(one)) ?? unsent(one))),
    tryWitness(witness, { view, otherwise, orLike = false }) {
      const wanted = trialKey(witness, otherwise);
      const found = records.flatMap(({ trials }) => trials.toReversed());
      const like = (): WitnessTrial | undefined =>
        orLike ? findStopped(seen, { view, otherwise }) : undefined;
      const trial = found.find(({ key }) => key === wanted)?.trial ?? like();
      return Promise.resolve(trial ?? { outcome: 'blocked', words: NOT_SENT, probes: [] });
    },
    runCanary({ expected }) {
      const found = records.find(({ canary }) => canary?.expected === expected)?.canary;
      return Promise.resolve(found?.result ?? { nodes: [], notReady: NOT_SENT });
    },
  };
}

function existing(view: ClusterView | undefined): Promise<ClusterView> {
  return view === undefined
    ? Promise.reject(new GatehouseError('NOT_FOUND', 'the cluster could not be looked at'))
    : Promise.resolve(view);
}
