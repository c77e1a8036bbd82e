import { believable } from './probe.js';
import { parseProbeLines } from './probe-script.js';

test('silence proves nothing where the sender stood still meanwhile, as a paused node does', () => {
  const probes = [0, 1, 2, 3].map((index) => ({ index, timeoutMs: 800 }));
  const lines = parseProbeLines(
    '0\t124\t805000\t\n1\t124\t3600000000\t\n2\t0\t3600000000\t\n3\t124\t2400000\t\n',
  );
  const causes = [...believable(lines, probes).values()].map(({ cause }) => cause);
  // A machine with other work is late by a second or two.
  expect(causes).toEqual(['filtered', 'unknown', 'open', 'filtered']);
});
