import { phaseLine } from './output.js';

test.each([
  [undefined, 'Starting the control plane'],
  [4_000, 'Starting the control plane'],
  [44_000, 'Starting the control plane (about 40 s to go)'],
  [130_000, 'Starting the control plane (about 2 min to go)'],
])('a phase with %s ms to go is told as it is worth', (remainingMs, line) => {
  const phase = { id: 'control-plane', title: 'Starting the control plane', fraction: 0.3 };
  expect(phaseLine(remainingMs === undefined ? phase : { ...phase, remainingMs })).toBe(line);
});
