import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { openWholeCluster } from '../../clusters/existing/whole-cluster.js';
import type { Cluster, ClusterProvider } from '../../clusters/provider.js';
import { GatehouseError, messageOf } from '../../common/errors.js';
import type { Phase } from '../../common/progress.js';
import type { LabResult } from '../../common/verdict.js';
import type { EvidenceRecorder } from '../../graders/evidence/recorder.js';
import { runChecks } from '../../graders/run-checks.js';
import type { Lab } from '../../labs/catalog.js';

const Kubeconfig = z.object({
  'current-context': z.string(),
  contexts: z.array(z.object({ name: z.string(), context: z.object({ cluster: z.string() }) })),
  clusters: z.array(z.object({ name: z.string(), cluster: z.object({ server: z.url() }) })),
});

interface KubeconfigGrade {
  lab: Lab;
  provider: ClusterProvider;
  file: string;
  /** Where a copy of the kubeconfig lies meanwhile. */
  stateDir: string;
  environment: Readonly<Record<string, string>>;
  signal: AbortSignal;
  onPhase: (phase: Phase) => void;
  /** Keeps what the verdicts rest on. */
  recorder?: EvidenceRecorder;
}

/**
 * Grades the cluster a kubeconfig points at; its state is left as it is. One of ours is graded as its provider can, any other
 * as the `existing` provider can: as a whole, with packets sent from ephemeral containers beside its pods.
 */
export async function gradeByKubeconfig(options: KubeconfigGrade): Promise<LabResult> {
  const server = await readServer(options.file);
  const info = (await options.provider.list()).find((cluster) => cluster.server === server);
  const name = info?.name ?? server;
  options.onPhase({ id: 'grade', title: `Grading ${name}`, fraction: 0.1 });
  const { lab, signal, recorder } = options;
  const grade = (cluster: Cluster): Promise<LabResult> =>
    runChecks({
      lab,
      cluster,
      answers: {},
      signal,
      ...(recorder === undefined ? {} : { recorder }),
    });
  if (info !== undefined) return grade(await options.provider.open(info.name));
  await using whole = await openWholeCluster({
    stateDir: options.stateDir,
    kubeconfig: options.file,
    environment: options.environment,
  });
  return await grade(whole);
}

async function readServer(file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new GatehouseError('NOT_FOUND', `${file} cannot be read: ${messageOf(error)}`, {
      fix: 'Name a kubeconfig file that exists.',
      cause: error,
    });
  }
  const parsed = Kubeconfig.safeParse(parse(text));
  const context = parsed.data?.contexts.find(({ name }) => name === parsed.data['current-context']);
  const entry = parsed.data?.clusters.find(({ name }) => name === context?.context.cluster);
  if (entry === undefined) {
    throw new GatehouseError(
      'BAD_REQUEST',
      `${file} is no kubeconfig with a current context and its cluster`,
      {
        fix: `Look at it with: kubectl config view --kubeconfig ${file}`,
      },
    );
  }
  return entry.cluster.server;
}
