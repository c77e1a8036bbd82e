import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Cluster } from '../../clusters/provider.js';
import { findProjectRoot } from '../../system/project-root.js';
import { createClusterUnderTest, type ClusterUnderTest } from '../support/embedded-provider.js';
import type { Kubectl } from './kubectl-versions.js';
import { isFor, prepareDesk, runSection, type Desk } from './run-transcript.js';
import { parseTranscript, type Section } from './transcript.js';

const FOLDER = path.join(findProjectRoot(), 'test/kubectl');
/** It empties nodes, so it comes before the others. */
const FIRST = 'nodes';
/** How many transcripts run side by side: each has a namespace of its own. */
const SIDE_BY_SIDE = 4;
const TIMEOUT_MS = 300_000;

/** Runs every transcript of `days/` on a cluster of its own; a section is a test. */
export function describeTranscripts(kubectl: Kubectl): void {
  const transcripts = readdirSync(path.join(FOLDER, 'days')).map((file) => ({
    name: path.basename(file, '.txt'),
    sections: parseTranscript(readFileSync(path.join(FOLDER, 'days', file), 'utf8')),
  }));
  const folder = mkdtempSync(path.join(tmpdir(), 'kubectl-days-'));
  const faults = new Map<Section, Promise<string[]>>();
  let under: ClusterUnderTest;
  let cluster: Cluster;

  beforeAll(async () => {
    under = await createClusterUnderTest({
      name: 'days',
      nodes: 3,
    });
    ({ cluster } = under);
    const kubeconfig = await cluster.kubeconfig('learner');
    chmodSync(folder, 0o755);
    const desk = (name: string): Desk => ({
      folder: path.join(folder, name),
      kubeconfig,
      kubectl,
      programs: path.join(FOLDER, 'programs'),
    });
    startAll(transcripts, { desk, faults });
  }, TIMEOUT_MS);

  afterAll(async () => {
    await Promise.allSettled(faults.values());
    await under[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  }, TIMEOUT_MS);

  describe.each(transcripts)('$name', ({ sections }) => {
    test.each(sections.map((section) => [section.title, section] as const))(
      '%s',
      async (_title, section) => {
        expect((await faults.get(section))?.join('\n') ?? 'not run').toBe('');
      },
      TIMEOUT_MS,
    );
  });

  test('two hundred commands and more are tried', () => {
    const steps = transcripts.flatMap(({ sections }) => sections.flatMap(({ steps: all }) => all));
    expect(steps.filter((step) => isFor(step, kubectl.minor)).length).toBeGreaterThan(200);
  });
}

interface Transcript {
  name: string;
  sections: Section[];
}

/** Fills `faults` with what each section's run will find. */
function startAll(
  transcripts: readonly Transcript[],
  run: { desk: (name: string) => Desk; faults: Map<Section, Promise<string[]>> },
): void {
  const ordered = transcripts.toSorted(
    (a, b) => Number(b.name === FIRST) - Number(a.name === FIRST),
  );
  const lanes: Promise<unknown>[] = [];
  for (const { name, sections } of ordered) {
    const before =
      lanes.length < SIDE_BY_SIDE
        ? (lanes[0] ?? Promise.resolve())
        : lanes[lanes.length - SIDE_BY_SIDE];
    const desk = run.desk(name);
    let previous: Promise<unknown> = Promise.resolve(before).then(() => prepareDesk(desk, name));
    for (const section of sections) {
      const found = previous.then(() => runSection(desk, section));
      found.catch(() => undefined);
      run.faults.set(section, found);
      previous = found;
    }
    lanes.push(previous.catch(() => undefined));
  }
}
