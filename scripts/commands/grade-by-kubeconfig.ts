import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { parse } from 'yaml';
import { z } from 'zod';
import type { ClusterProvider } from '../../clusters/provider.js';
import { GatehouseError, messageOf } from '../../common/errors.js';
import type { Phase } from '../../common/progress.js';
import type { LabResult } from '../../common/verdict.js';
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
  signal: AbortSignal;
  onPhase: (phase: Phase) => void;
}

/** Grades the cluster a kubeconfig points at, where it is one of ours; its state is left as it is. */
export async function gradeByKubeconfig(options: KubeconfigGrade): Promise<LabResult> {
  const server = await readServer(options.file);
  const info = (await options.provider.list()).find((cluster) => cluster.server === server);
  if (info === undefined) {
    await assertReachable(server);
    throw new GatehouseError(
      'NOT_AVAILABLE',
      `${server} is not a cluster of the ${options.provider.name} provider`,
      {
        fix: 'Clusters of other origin cannot be graded yet. "scripts/gatehouse cluster list" shows the ones that can.',
      },
    );
  }
  options.onPhase({ id: 'grade', title: `Grading ${info.name}`, fraction: 0.1 });
  const cluster = await options.provider.open(info.name);
  return runChecks({ lab: options.lab, cluster, answers: {}, signal: options.signal });
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

/** Rejects with CLUSTER_UNREACHABLE unless something answers TLS there. */
async function assertReachable(server: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const attempt = request(
      new URL('/version', server),
      { rejectUnauthorized: false, timeout: 5000 },
      (response) => {
        response.resume();
        resolve();
      },
    );
    attempt.on('timeout', () => attempt.destroy(new Error('no answer within 5 s')));
    attempt.on('error', (error) => {
      reject(
        new GatehouseError('CLUSTER_UNREACHABLE', `${server} cannot be reached: ${error.message}`, {
          fix: 'Start the cluster, or check the address in the kubeconfig. Nothing was graded.',
          cause: error,
        }),
      );
    });
    attempt.end();
  });
}
