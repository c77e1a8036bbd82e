/** Many policies over a small world, so that the compiler groups them and leads packets by port. */
import type { World } from '../../policy/model.js';
import { PORTS } from './random-world.js';
import { globalPolicy } from './small-policies.js';
import { networkPolicy } from './small-world.js';

const SIZE = 70;

/** Each sort of ports is for clients of its own, so that none answers for another. Most policies matter to nobody. */
function ruleOf(i: number): { ports: unknown[]; client: string } {
  const port = PORTS[i % PORTS.length];
  if (i % 14 === 0) return { ports: [{ port }, { protocol: 'UDP', port: 9 + i }], client: 'a' };
  if (i % 14 === 7) return { ports: [{ port }, { protocol: 'UDP', port }], client: 'c' };
  if (i % 11 === 1) return { ports: [{ port: 78, endPort: 80 }], client: 'b' };
  if (i % 13 === 2) return { ports: [{ port: 'http' }], client: 'b' };
  return { ports: [{ port: 20_000 + i }], client: 'a' };
}

/** Every pod of every namespace of the world is selected by all of its namespace's. */
export function withCrowd(world: World): World {
  const crowd = world.namespaces.flatMap(({ name }) =>
    Array.from({ length: SIZE }, (_, i) => {
      const { ports, client } = ruleOf(i);
      const from = [{ namespaceSelector: {}, podSelector: { matchLabels: { pod: client } } }];
      return networkPolicy(`${name}/crowd-${i}`, {
        podSelector: {},
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ from, ports }],
        egress: i === 5 ? [{ to: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }] : [{ ports }],
      });
    }),
  );
  return { ...world, networkPolicies: [...world.networkPolicies, ...crowd] };
}

/** Ordered ones, that allow and deny by turns: the first that matches decides. */
export function withOrderedCrowd(world: World): World {
  const crowd = Array.from({ length: SIZE }, (_, i) =>
    globalPolicy(`crowd-${i}`, {
      order: (i * 29) % SIZE,
      selector: 'all()',
      types: ['Ingress'],
      ingress: [
        {
          action: i % 2 === 0 ? 'Allow' : 'Deny',
          protocol: i % 7 === 1 ? 'UDP' : 'TCP',
          source: { selector: i % 3 === 0 ? 'app == "web"' : 'role == "x"' },
          destination:
            i % 10 === 9 ? { notPorts: [80] } : { ports: [PORTS[(i >> 1) % 2], 20_000 + i] },
        },
      ],
    }),
  );
  return { ...world, networkPolicies: [...world.networkPolicies, ...crowd] };
}
