import { setMaxListeners } from 'node:events';
import pLimit from 'p-limit';
import { GatehouseError, messageOf } from '../common/errors.js';
import type { Lab } from '../common/lab.js';
import { testLab, type LabTestReport, type TestLabOptions } from './lab-test.js';

export interface TestLabsOptions extends Omit<TestLabOptions, 'lab' | 'onEvent'> {
  labs: readonly Lab[];
  /** How many at the same time. */
  jobs: number;
  /** Told of each lab as it ends. */
  onReport?: (report: LabTestReport) => void;
}

/**
 * Proves labs side by side, and answers in their order. One that is not offered on this provider is skipped, one whose cluster
 * could not be made has failed; neither keeps the others from being proven. Rejects when cancelled, once all have let go.
 */
export async function testLabs(options: TestLabsOptions): Promise<LabTestReport[]> {
  const { labs, jobs, onReport, ...rest } = options;
  // Every lab under way listens for the end.
  if (rest.signal !== undefined) setMaxListeners(0, rest.signal);
  const limit = pLimit(jobs);
  const ends = await Promise.allSettled(
    labs.map((lab) =>
      limit(async () => {
        const report = await testLab({ ...rest, lab }).catch((error: unknown) =>
          reportWithoutCluster(lab, error),
        );
        onReport?.(report);
        return report;
      }),
    ),
  );
  return ends.map((end) => {
    if (end.status === 'rejected') throw end.reason;
    return end.value;
  });
}

/** Whether any case of a lab was tried at all. */
export function wasTried({ cases }: LabTestReport): boolean {
  return cases.some(({ skipped }) => skipped === undefined);
}

function reportWithoutCluster(lab: Lab, error: unknown): LabTestReport {
  if (!(error instanceof GatehouseError) || error.code === 'CANCELLED') throw error;
  const message = messageOf(error);
  const isOffered = error.code !== 'NOT_AVAILABLE';
  const detail = [message, error.fix].filter(Boolean).join('. ');
  return {
    lab: lab.id,
    passed: !isOffered,
    cases: [
      {
        name: 'cluster',
        passed: !isOffered,
        tookMs: 0,
        ...(isOffered ? { detail } : { detail: '', skipped: message }),
      },
    ],
    tookMs: 0,
  };
}
