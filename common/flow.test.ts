import { isFlowWanted, type ObservedFlow } from './flow.js';

const FLOW: ObservedFlow = {
  from: { address: '10.244.1.3', pod: 'rides/web' },
  to: { address: '10.244.1.4', pod: 'rides/db' },
  protocol: 'TCP',
  port: 5432,
  verdict: 'allowed',
  explanation: 'Allowed: the first ingress rule of rides/db admits it.',
  isProbe: false,
  seenOn: 'worker-1',
  firstAt: '2026-01-01T00:00:00.000Z',
  lastAt: '2026-01-01T00:00:00.000Z',
  count: 1,
};

test.each([
  ['', true],
  ['  - ', true],
  ['RIDES/WEB', true],
  ['10.244.1.3 rides/db', true],
  ['tcp 5432', true],
  ['ingress', true],
  ['web denied', false],
  ['inventory', false],
  ['rides -5432', false],
  ['rides -udp', true],
])('a filter "%s" on a row: %s', (text, isWanted) => {
  expect(isFlowWanted(FLOW, { text, deniedOnly: false })).toBe(isWanted);
});

test('denied only leaves out what was allowed, whatever the words', () => {
  expect(isFlowWanted(FLOW, { text: 'rides', deniedOnly: true })).toBe(false);
  expect(isFlowWanted({ ...FLOW, verdict: 'denied' }, { text: 'rides', deniedOnly: true })).toBe(
    true,
  );
});
