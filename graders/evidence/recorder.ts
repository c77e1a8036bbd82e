import { isJsonObject, valueAt, type JsonObject } from '../../common/json.js';
import type { Answers, CheckDefinition, Lab, LabStep } from '../../common/lab.js';
import type { ProbeResult } from '../../common/probe.js';
import { isViewed, kindOf, type ClusterView } from '../cluster-view.js';
import type { CheckFacts, CheckPlace, Facts } from '../facts.js';
import { pathKey } from '../reachability/path-key.js';
import { digestOfJson } from '../signing/canonical-json.js';
import type { CheckEvidence, Evidence, ProbeRecord, RunEvidence } from './evidence.js';
import { trialKey } from './trial-key.js';

/** Keeps what checks get to know while they run, one run after the other. */
export class EvidenceRecorder {
  readonly #runs: RunRecord[] = [];

  /** The same facts, from now on written down as a run of its own. */
  record(facts: Facts, about: { lab: Lab; answers: Answers; stepIds?: readonly string[] }): Facts {
    const { lab, answers, stepIds } = about;
    const steps = lab.steps.filter(({ id }) => stepIds?.includes(id) ?? true);
    const run: RunRecord = { facts, steps, answers, looks: [], checks: [] };
    this.#runs.push(run);
    return {
      ...facts,
      view: async (options) => seen(run, await facts.view(options)),
      of: (place) => recordCheck(run, place),
    };
  }

  evidence(): Evidence {
    const objects = new ObjectPool();
    const runs = this.#runs.map((run) => runEvidence(run, objects));
    return { version: 1, objects: objects.all, runs };
  }
}

interface RunRecord {
  facts: Facts;
  steps: readonly LabStep[];
  answers: Answers;
  /** In order of time, each once. */
  looks: ClusterView[];
  checks: CheckRecord[];
}

interface CheckRecord extends CheckPlace {
  look?: ClusterView;
  probes: Map<string, ProbeRecord>;
  trials: CheckEvidence['trials'];
  canary?: CheckEvidence['canary'];
}

function seen(run: RunRecord, view: ClusterView): ClusterView {
  if (!run.looks.includes(view)) run.looks.push(view);
  return view;
}

function recordCheck(run: RunRecord, place: CheckPlace): CheckFacts {
  const { view, wire, ...rest } = run.facts.of(place);
  const record: CheckRecord = { ...place, probes: new Map(), trials: [] };
  run.checks.push(record);
  return {
    ...rest,
    async view(options) {
      record.look = seen(run, await view(options));
      return record.look;
    },
    wire: {
      async probe(requests, options) {
        const results = await wire.probe(requests, options);
        for (const result of results) addProbe(record, result, options.expected);
        return results;
      },
      async tryWitness(witness, options) {
        const trial = await wire.tryWitness(witness, options);
        record.trials.push({ key: trialKey(witness, options.otherwise), trial, witness });
        return trial;
      },
      async runCanary(options) {
        const result = await wire.runCanary(options);
        record.canary = { expected: options.expected, result };
        return result;
      },
    },
  };
}

function addProbe(
  { probes }: CheckRecord,
  result: ProbeResult,
  allExpected: ReadonlyMap<string, 'allow' | 'deny'>,
): void {
  const key = pathKey(result.request);
  const attempts = (probes.get(key)?.attempts ?? 0) + 1;
  const expected = allExpected.get(key);
  probes.set(key, {
    ...result,
    ...(expected === undefined ? {} : { expected }),
    attempts,
    at: new Date().toISOString(),
  });
}

function runEvidence(run: RunRecord, pool: ObjectPool): RunEvidence {
  const { facts, steps, answers } = run;
  const isNeeded = (view: ClusterView): boolean => run.checks.some(({ look }) => look === view);
  const looks = run.looks.filter(
    (view, index) => index === 0 || index === run.looks.length - 1 || isNeeded(view),
  );
  const named = kindsNamedBy(steps);
  const isKept = (object: JsonObject): boolean => isViewed(object) || named.has(kindOf(object));
  const omitted = looks.flatMap(({ objects }) => objects.filter((object) => !isKept(object)));
  return {
    provider: facts.provider,
    cluster: facts.cluster,
    steps: steps.map(({ id }) => id),
    questions: steps.flatMap(({ definition }) => definition.questions.map(({ id }) => id)),
    answers: Object.fromEntries(
      Object.entries(answers).map(([id, answer]) => [
        id,
        typeof answer === 'object' ? [...answer] : answer,
      ]),
    ),
    looks: looks.map(({ takenAt, objects }) => ({
      takenAt,
      objects: objects.filter(isKept).map((object) => pool.add(object)),
    })),
    omittedKinds: [...new Set(omitted.map(kindOf))].toSorted(),
    checks: run.checks.map(({ look, probes, ...rest }) => ({
      ...rest,
      ...(look === undefined ? {} : { look: looks.indexOf(look) }),
      probes: [...probes.values()],
    })),
  };
}

/** Kinds that the lab itself asks for. */
function kindsNamedBy(steps: readonly LabStep[]): Set<string> {
  const ofCheck = (check: CheckDefinition): string[] =>
    check.kind === 'resource' ? [kindOf(check.resource)] : [];
  return new Set(
    steps.flatMap(({ definition }) => [
      ...definition.checks.flatMap(ofCheck),
      ...definition.questions.flatMap(({ fromCluster }) =>
        fromCluster === undefined ? [] : [kindOf(fromCluster)],
      ),
    ]),
  );
}

/** Each version of an object once, however many looks show it. */
class ObjectPool {
  readonly all: JsonObject[] = [];
  readonly #places = new Map<string, number>();

  add(object: JsonObject): number {
    const key = versionOf(object);
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const place = this.all.push(withoutManagedFields(object)) - 1;
    this.#places.set(key, place);
    return place;
  }
}

function versionOf(object: JsonObject): string {
  const uid = valueAt(object, ['metadata', 'uid']);
  const version = valueAt(object, ['metadata', 'resourceVersion']);
  return typeof uid === 'string' && typeof version === 'string'
    ? `${kindOf(object)} ${uid} ${version}`
    : digestOfJson(object);
}

function withoutManagedFields(object: JsonObject): JsonObject {
  const { metadata } = object;
  if (!isJsonObject(metadata)) return object;
  const { managedFields: _, ...rest } = metadata;
  return { ...object, metadata: rest };
}
