import path from 'node:path';
import type { Phase } from '../../common/progress.js';
import { createTempFolder } from '../../system/temp-folder.js';
import { learnEstimates, NO_ESTIMATES, readEstimates } from './estimates.js';
import { lineReader, parseKindLine, PhaseTracker, type StepId } from './phases.js';

test('lines of kind become steps, whatever marks and colours they carry', () => {
  const steps: (string | undefined)[] = [];
  const read = lineReader((line) => {
    const told = parseKindLine(line);
    if (told?.state === 'begun') steps.push(told.step);
  });
  const text =
    'Creating cluster "gh-ana" ...\n • Ensuring node image (x:1) 🖼  ...\n ✓ Ensuring node image (x:1) 🖼\n • Preparing nodes 📦 📦   ...\n • Writing configuration 📜  ...\n' +
    ' • Starting control-plane 🕹️  ...\n • Installing CNI 🔌  ...\n • Installing StorageClass 💾  ...\n • Joining worker nodes 🚜  ...\n • Waiting ≤ 2m0s for control-plane = Ready ⏳  ...\n • Ready after 19s 💚\n • Doing something new  ...\nHave a nice day! 👋\n';
  for (let at = 0; at < text.length; at += 7) read(text.slice(at, at + 7));
  expect(steps).toEqual([
    'image',
    'containers',
    'config',
    'control-plane',
    'kind-cni',
    'storage',
    'workers',
    'nodes',
    undefined,
  ]);
  expect(parseKindLine(' \u001b[32m✓\u001b[0m Preparing nodes 📦 ')).toEqual({
    state: 'done',
    step: 'containers',
    text: 'Preparing nodes',
  });
  expect(parseKindLine(' ✗ Ensuring node image (x) 🖼')?.state).toBe('failed');
});

test('phases never go back, and what they took is the estimate of the next run', async () => {
  await using folder = await createTempFolder('estimates');
  let now = 0;
  const seen: Phase[] = [];
  const steps: StepId[] = ['record', 'control-plane', 'workers', 'workloads'];
  const run = async (): Promise<void> => {
    const file = path.join(folder.path, 'e.json');
    const estimates = now === 0 ? NO_ESTIMATES : await readEstimates(file, '2-calico');
    const tracker = new PhaseTracker(steps, {
      estimates,
      tell: (phase) => seen.push(phase),
      now: () => now,
    });
    for (const step of ['record', 'workers', 'control-plane', 'workloads'] as const) {
      tracker.begin(step);
      now += 1000;
    }
    await learnEstimates(file, '2-calico', tracker.end());
  };
  await run();
  await run();
  expect(seen.map(({ id }) => id)).toEqual([
    'record',
    'workers',
    'workloads',
    'ready',
    'record',
    'workers',
    'workloads',
    'ready',
  ]);
  const first = seen.slice(0, 4).map(({ fraction }) => fraction);
  expect(first).toEqual(first.toSorted((a, b) => a - b));
  // Record 1 s, control plane 12 s as guessed, workers 2 s, workloads 1 s.
  expect(seen[4]?.remainingMs).toBe(1000 + 12_000 + 2000 + 1000);
});
