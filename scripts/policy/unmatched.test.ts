import { parseManifests } from '../../common/kube-yaml.js';
import { lint, type Finding } from './lint.js';
import { LIVE } from './sources.js';

/** Two namespaces, of which one says more about itself, and what runs in them. */
const WORLD = `
apiVersion: v1
kind: Namespace
metadata: { name: prod, labels: { team: payments } }
---
apiVersion: v1
kind: Namespace
metadata: { name: dev }
---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: prod, labels: { app: web, tier: front } }
spec:
  containers:
    - { name: c, image: nginx, ports: [{ name: http, containerPort: 80 }, { name: dns, containerPort: 53, protocol: UDP }] }
---
apiVersion: v1
kind: Pod
metadata: { name: db, namespace: prod, labels: { app: db } }
spec: { containers: [{ name: c, image: postgres, ports: [{ name: sql, containerPort: 5432 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: tool, namespace: dev, labels: { app.kubernetes.io/name: tool } }
spec: { containers: [{ name: c, image: busybox }] }
`;

const policy = (spec: string): string => `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: tried, namespace: prod }
spec: ${spec}
`;
const from = (peer: string): string =>
  policy(`{ podSelector: {}, ingress: [{ from: [${peer}] }] }`);
const calico = (rule: string): string => `---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { name: tried, namespace: prod }
spec: { selector: all(), ingress: [{ action: Allow, ${rule} }] }
`;

function lintText(text: string, file = 'all.yaml'): Finding[] {
  const { objects, lineOf } = parseManifests(text);
  return lint(objects.map((object, i) => ({ object, file, lineOf: lineOf[i]! })));
}

const found = (text: string, file?: string): string[] =>
  lintText(text, file).map(({ id, message }) => `${id}: ${message}`);

test.each([
  [
    'a label of the policy’s own pods, mistyped',
    policy('{ podSelector: { matchLabels: { app: wbe } } }'),
    'selects-nothing: it selects none of the pods that are known, so it has no effect: no pod in namespace prod has app=wbe; did you mean app=web?',
  ],
  [
    'a value, mistyped',
    from('{ podSelector: { matchLabels: { app: wbe } } }'),
    'peer-matches-nothing: nobody who is known is meant here: no pod in namespace prod has app=wbe; did you mean app=web?',
  ],
  [
    'a key, mistyped',
    from('{ podSelector: { matchLabels: { ap: web } } }'),
    'peer-matches-nothing: nobody who is known is meant here: no pod in namespace prod has ap=web; did you mean app=web?',
  ],
  [
    'a key that must exist, mistyped',
    from('{ podSelector: { matchExpressions: [{ key: teir, operator: Exists }] } }'),
    'peer-matches-nothing: nobody who is known is meant here: no pod in namespace prod has a label teir; did you mean the label tier?',
  ],
  [
    'the value under another key',
    from('{ namespaceSelector: {}, podSelector: { matchLabels: { name: tool } } }'),
    'peer-matches-nothing: nobody who is known is meant here: no pod has name=tool; did you mean app.kubernetes.io/name=tool?',
  ],
  [
    'nothing near, but the namespace is the policy’s own',
    from('{ podSelector: { matchLabels: { app: frontend } } }'),
    'peer-matches-nothing: nobody who is known is meant here: no pod in namespace prod has app=frontend (app=db or web)',
  ],
  [
    'pods of another namespace',
    from('{ podSelector: { matchLabels: { app.kubernetes.io/name: tool } } }'),
    'peer-matches-nothing: nobody who is known is meant here: pods with app.kubernetes.io/name=tool are in namespace dev, none in namespace prod',
  ],
  [
    'labels that no pod has together',
    from('{ podSelector: { matchLabels: { app: db, tier: front } } }'),
    'peer-matches-nothing: nobody who is known is meant here: no pod in namespace prod has all of it at once: app=db and tier=front',
  ],
  [
    'a namespace’s label, mistyped',
    from('{ namespaceSelector: { matchLabels: { team: payment } } }'),
    'peer-matches-nothing: nobody who is known is meant here: no namespace that is known has team=payment; did you mean team=payments?',
  ],
  [
    'a namespace’s name, mistyped',
    from('{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: prd } } }'),
    'peer-matches-nothing: nobody who is known is meant here: no namespace that is known has kubernetes.io/metadata.name=prd; did you mean kubernetes.io/metadata.name=prod?',
  ],
  [
    'a selector of Calico',
    calico(`source: { selector: "app == 'wbe'" }`),
    'peer-matches-nothing: nobody who is known is meant here: no pod in namespace prod has app=wbe; did you mean app=web?',
  ],
  [
    'a port’s name that no selected pod has',
    policy('{ podSelector: {}, ingress: [{ ports: [{ port: htpp }] }] }'),
    'port-name-unknown: no pod that it selects has a port called "htpp"; did you mean "http"?',
  ],
  [
    'a port’s name that other pods have',
    policy('{ podSelector: { matchLabels: { app: db } }, ingress: [{ ports: [{ port: http }] }] }'),
    'port-name-unknown: no pod that it selects has a port called "http"',
  ],
  [
    'a port’s name of another protocol',
    policy('{ podSelector: {}, ingress: [{ ports: [{ port: dns }] }] }'),
    'port-name-unknown: no pod that it selects has a port called "dns" for this protocol: it is one of UDP',
  ],
  [
    'a port’s name that the pods at the other end do not have',
    policy(
      '{ podSelector: {}, policyTypes: [Egress], egress: [{ to: [{ podSelector: { matchLabels: { app: db } } }], ports: [{ port: http }] }, { ports: [{ port: 53, protocol: UDP }] }] }',
    ),
    'port-name-unknown: no pod it leads to has a port called "http"',
  ],
  [
    'a port’s name of Calico',
    calico('destination: { ports: [htpp] }'),
    'port-name-unknown: no pod that it selects has a port called "htpp"; did you mean "http"?',
  ],
])('%s', (_, text, expected) => {
  expect(found(WORLD + text)).toEqual([expected]);
  expect(found(WORLD + text, LIVE)).toEqual([expected]);
});

const DNS = from(
  '{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } }, podSelector: { matchLabels: { k8s-app: kube-dns } } }',
);

test.each([
  ['pods of a namespace that files do not speak of', DNS],
  [
    'labels that pods of other namespaces may have',
    from('{ namespaceSelector: {}, podSelector: { matchLabels: { k8s-app: kube-dns } } }'),
  ],
  [
    'a namespace that other files may make',
    from('{ namespaceSelector: { matchLabels: { zone: east } } }'),
  ],
])('beside files others may exist, in a live cluster not: %s', (_, text) => {
  expect(found(WORLD + text)).toEqual([]);
  expect(found(WORLD + text, LIVE)).toEqual([expect.stringMatching(/^peer-matches-nothing: /)]);
});

test.each([
  [
    'somebody',
    from('{ podSelector: { matchExpressions: [{ key: app, operator: NotIn, values: [x] }] } }'),
  ],
  ['an address block', from('{ ipBlock: { cidr: 10.0.0.0/8 } }')],
  ['a port that Calico knows for any protocol', calico('destination: { ports: [dns] }')],
  [
    'a port among addresses, which may be a pod’s',
    policy(
      '{ podSelector: {}, policyTypes: [Egress], egress: [{ to: [{ ipBlock: { cidr: 10.0.0.0/8 } }], ports: [{ port: nobodys }] }, { ports: [{ port: 53, protocol: UDP }] }] }',
    ),
  ],
])('nothing is said about %s', (_, text) => {
  expect(found(WORLD + text, LIVE)).toEqual([]);
});

test('where no pod is known, or the labels of a namespace are not, nobody can tell', () => {
  const team = from('{ namespaceSelector: { matchLabels: { team: payment } } }');
  expect(found(team)).toEqual([]);
  const withoutNamespaces = WORLD.slice(WORLD.indexOf('kind: Pod') - 'apiVersion: v1\n'.length);
  expect(found(withoutNamespaces + team)).toEqual([]);
});

test('service accounts that are written down are known by their labels', () => {
  const account = `---
apiVersion: v1
kind: ServiceAccount
metadata: { name: default, namespace: prod, labels: { trust: high } }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: default, namespace: dev }
`;
  const asked = (trust: string): string =>
    calico(`source: { serviceAccounts: { selector: "trust == '${trust}'" } }`);
  expect(found(WORLD + account + asked('high'))).toEqual([]);
  expect(found(WORLD + account + asked('hihg'))).toEqual([
    expect.stringMatching(/did you mean trust=high\?$/),
  ]);
  expect(found(WORLD + asked('hihg'))).toEqual([]);
});

test('a finding has the line of the peer or port, and the hint as data', () => {
  const text = `${WORLD}---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: tried, namespace: prod }
spec:
  podSelector: {}
  ingress:
    - from:
        - podSelector: { matchLabels: { app: db } }
        - podSelector: { matchLabels: { app: wbe } }
      ports:
        - port: 80
        - port: htpp
`;
  const lineOf = (part: string): number =>
    text.split('\n').findIndex((line) => line.includes(part)) + 1;
  expect(lintText(text)).toMatchObject([
    { id: 'peer-matches-nothing', line: lineOf('app: wbe'), hint: 'app=web' },
    { id: 'port-name-unknown', line: lineOf('port: htpp'), hint: 'http' },
  ]);
});
