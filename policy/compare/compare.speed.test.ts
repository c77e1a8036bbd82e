import { networkPolicy } from '../../test/policy-wire/small-world.js';
import { compare, type PolicySet } from './compare.js';

const COUNT = 200;

const policies = Array.from({ length: COUNT }, (_, i) => ({
  id: `ns-${i % 20}/p-${i}`,
  podSelector: { matchLabels: { app: `app-${i}`, [`key-${i % 37}`]: `v-${i % 5}` } },
  from: [
    { podSelector: { matchLabels: { app: `app-${(i * 7) % COUNT}` } } },
    {
      namespaceSelector: { matchLabels: { team: `t-${i % 11}` } },
      podSelector: {
        matchExpressions: [{ key: 'role', operator: 'NotIn', values: ['a', `r${i % 9}`] }],
      },
    },
    { ipBlock: { cidr: `10.${i}.0.0/16`, except: [`10.${i}.3.0/24`] } },
  ],
  ports: [{ port: 1000 + i }, { port: 'http' }, { protocol: 'UDP', port: 53 }],
}));

const whole = policies.map(({ id, podSelector, from, ports }) =>
  networkPolicy(id, { podSelector, ingress: [{ from, ports }] }),
);

/** The same once more: a policy for each peer and port. */
const apart = policies.flatMap(({ id, podSelector, from, ports }) =>
  from.flatMap((peer, i) =>
    ports.map((port, j) =>
      networkPolicy(`${id}-${i}-${j}`, { podSelector, ingress: [{ from: [peer], ports: [port] }] }),
    ),
  ),
);

/** Milliseconds of processor time, the best of three: other work on the machine only ever makes it slower. */
function fastest(a: PolicySet, b: PolicySet, expected: boolean): number {
  const times = [1, 2, 3].map(() => {
    const before = process.cpuUsage();
    const { equal } = compare(a, b);
    const { user, system } = process.cpuUsage(before);
    expect(equal).toBe(expected);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}

test('compares 200 policies with 200, and with the same in 1800 pieces, within a second', () => {
  expect(fastest(whole, structuredClone(whole), true)).toBeLessThan(1000);
  expect(fastest(whole, apart, true)).toBeLessThan(1000);
  expect(fastest(whole, apart.slice(1), false)).toBeLessThan(1000);
});
