import { apply, podYaml, policyYaml, replace, type Attack } from './attack.js';

/** The work is not done; whatever else is done, it must not be called done. */

const closing = { lab: 'deny-all', step: 'close-ingress' } as const;
const closedNever = { never: { checks: ['closed'], outcome: 'passed' } } as const;
const DENY = policyYaml('prod-ns/deny', { podSelector: {}, policyTypes: ['Ingress'] });
const SILENT = ['sleep', 'infinity'];

const silenceWithoutPolicy: readonly Attack[] = [
  {
    ...closing,
    ...closedNever,
    title: 'the servers are deleted',
    script: 'kubectl delete pod web cache -n prod-ns --force --grace-period=0',
  },
  {
    ...closing,
    ...closedNever,
    title: 'the whole namespace is deleted',
    script: 'kubectl delete namespace prod-ns --timeout=15s',
  },
  {
    ...closing,
    ...closedNever,
    title: 'the namespace is renamed',
    script: `kubectl delete namespace prod-ns --timeout=15s
      kubectl create namespace prod-ns-2
      ${apply(policyYaml('prod-ns-2/deny', { podSelector: {}, policyTypes: ['Ingress'] }))}`,
  },
  {
    ...closing,
    ...closedNever,
    title: 'the servers are replaced by pods that only sleep',
    script: [
      replace('prod-ns/web', { labels: { app: 'web' }, command: SILENT }),
      replace('prod-ns/cache', { labels: { app: 'cache' }, command: SILENT }),
    ].join('\n'),
  },
  {
    ...closing,
    ...closedNever,
    title: 'the servers sleep, and a policy stands before them',
    script: [
      replace('prod-ns/web', { labels: { app: 'web' }, command: SILENT }),
      replace('prod-ns/cache', { labels: { app: 'cache' }, command: SILENT }),
      apply(DENY),
    ].join('\n'),
  },
  {
    ...closing,
    ...closedNever,
    title: 'the servers listen on another port',
    script: replace('prod-ns/web', {
      labels: { app: 'web' },
      image: 'registry.k8s.io/e2e-test-images/agnhost:2.53',
      command: ['/agnhost', 'netexec', '--http-port=8081'],
    }),
  },
  {
    ...closing,
    ...closedNever,
    title: 'a server listens to itself only',
    script: replace('prod-ns/web', {
      labels: { app: 'web' },
      command: ['sh', '-c', 'while true; do nc -l -s 127.0.0.1 -p 80 </dev/null; done'],
    }),
  },
  {
    ...closing,
    ...closedNever,
    title: 'a server stops taking calls after it has started',
    script: replace('prod-ns/web', {
      labels: { app: 'web' },
      command: ['sh', '-c', 'nc -l -p 80 </dev/null & sleep 1; kill -STOP $!; sleep infinity'],
    }),
  },
  {
    ...closing,
    ...closedNever,
    title: 'the servers cannot be started',
    script: ['web', 'cache']
      .map(
        (name) => `kubectl delete pod ${name} -n prod-ns --force --grace-period=0
      kubectl run ${name} -n prod-ns --labels=app=${name} --image=example.com/no-such-image:1`,
      )
      .join('\n'),
  },
  {
    ...closing,
    ...closedNever,
    title: 'the servers live on a node that is not there',
    script: `kubectl delete pod web cache -n prod-ns --force --grace-period=0
      kubectl run web -n prod-ns --labels=app=web --image=nginx:1.27 --overrides='{"spec":{"nodeName":"worker-9"}}'
      kubectl run cache -n prod-ns --labels=app=cache --image=redis:7.4 --overrides='{"spec":{"nodeName":"worker-9"}}'`,
  },
];

const nobodyAsks: readonly Attack[] = [
  {
    ...closing,
    ...closedNever,
    title: 'the clients are deleted',
    script: `kubectl delete pod client -n dev-ns --force --grace-period=0
      kubectl delete pod worker -n batch-ns --force --grace-period=0`,
  },
  {
    ...closing,
    ...closedNever,
    title: 'the clients get other labels',
    script: `kubectl label pod client -n dev-ns app=other --overwrite
      kubectl label pod worker -n batch-ns app=other --overwrite`,
  },
  {
    ...closing,
    ...closedNever,
    title: 'the clients have ended',
    script: [
      ['dev-ns/client', 'client'],
      ['batch-ns/worker', 'worker'],
    ]
      .map(([path = '', app = '']) => {
        const [namespace = '', name = ''] = path.split('/');
        return `kubectl delete pod ${name} -n ${namespace} --force --grace-period=0
          kubectl run ${name} -n ${namespace} --labels=app=${app} --image=busybox:1.36 --restart=Never --command -- true
          kubectl wait pod ${name} -n ${namespace} --for=jsonpath='{.status.phase}'=Succeeded --timeout=10s`;
      })
      .join('\n'),
  },
  {
    ...closing,
    never: { step: 'passed' },
    title: 'the clients are locked in instead of the servers locked up',
    script: apply(
      ...['dev-ns', 'batch-ns', 'prod-ns'].map((namespace) =>
        policyYaml(`${namespace}/in`, { podSelector: {}, policyTypes: ['Egress'] }),
      ),
    ),
  },
  {
    ...closing,
    never: { step: 'passed' },
    title: 'only those are refused who are known to ask',
    script: apply(
      policyYaml('prod-ns/black-list', {
        podSelector: {},
        policyTypes: ['Ingress'],
        ingress: [
          {
            from: [
              {
                namespaceSelector: {},
                podSelector: {
                  matchExpressions: [
                    { key: 'app', operator: 'NotIn', values: ['client', 'worker', 'web'] },
                  ],
                },
              },
            ],
          },
        ],
      }),
    ),
  },
];

const objectsThatLie: readonly Attack[] = [
  {
    ...closing,
    ...closedNever,
    title: 'the servers claim an address where nobody is',
    meanwhile: `while true; do
      for pod in web cache; do
        kubectl patch pod $pod -n prod-ns --subresource=status --type=merge -p '{"status":{"podIP":"10.244.250.9","podIPs":[{"ip":"10.244.250.9"}]}}'
      done; done`,
  },
  {
    ...closing,
    ...closedNever,
    title: 'the servers claim to have ended',
    meanwhile: `while true; do
      for pod in web cache; do
        kubectl patch pod $pod -n prod-ns --subresource=status --type=merge -p '{"status":{"phase":"Succeeded"}}'
      done; done`,
  },
  {
    ...closing,
    ...closedNever,
    title: 'the plugin is stopped before the policy is written',
    script: `kubectl delete daemonset calico-node -n kube-system --timeout=10s
      kubectl wait pods -n kube-system -l k8s-app=calico-node --for=delete --timeout=10s
      ${apply(DENY)}`,
  },
  {
    ...closing,
    ...closedNever,
    title: 'the plugin runs nowhere any more when the policy is written',
    script: `kubectl patch daemonset calico-node -n kube-system -p '{"spec":{"template":{"spec":{"nodeSelector":{"none":"such"}}}}}'
      kubectl wait pods -n kube-system -l k8s-app=calico-node --for=delete --timeout=10s
      ${apply(DENY)}`,
  },
  {
    ...closing,
    ...closedNever,
    title: 'an ordered policy of the plugin opens what the policy closes',
    script: `${apply(DENY)}
      ${apply(
        JSON.stringify({
          apiVersion: 'projectcalico.org/v3',
          kind: 'GlobalNetworkPolicy',
          metadata: { name: 'open' },
          spec: { order: 1, selector: 'all()', types: ['Ingress'], ingress: [{ action: 'Allow' }] },
        }),
      )}`,
  },
  {
    ...closing,
    ...closedNever,
    title: 'the policy is there and goes as soon as it is looked for',
    script: apply(DENY),
    meanwhile: 'kubectl delete networkpolicy deny -n prod-ns',
  },
  ...['sleep 0.1', 'true'].map((pause): Attack => ({
    ...closing,
    ...closedNever,
    title: `the policy comes and goes on a timer (${pause})`,
    script: `cat > deny.json <<'POLICY'\n${DENY}\nPOLICY`,
    meanwhile: `while true; do kubectl apply -f deny.json; ${pause}; kubectl delete -f deny.json; done`,
  })),
  {
    ...closing,
    ...closedNever,
    title: 'the servers come and go while they are looked at',
    meanwhile: `while true; do
      kubectl delete pod web cache -n prod-ns --force --grace-period=0
      kubectl run web -n prod-ns --labels=app=web --image=nginx:1.27
      kubectl run cache -n prod-ns --labels=app=cache --image=redis:7.4
      sleep 0.1; done`,
  },
  {
    ...closing,
    ...closedNever,
    title: 'a policy of the right name says nothing about these pods',
    script: apply(
      policyYaml('prod-ns/deny-ingress', {
        podSelector: { matchLabels: { app: 'nobody' } },
        policyTypes: ['Ingress'],
      }),
    ),
  },
  {
    ...closing,
    ...closedNever,
    title: 'the policy was only tried out on the server',
    script: `kubectl apply --dry-run=server -f - <<'OBJECTS'\n${DENY}\nOBJECTS`,
  },
  {
    lab: 'deploy-calico',
    step: 'deploy',
    never: { checks: ['nodes'], outcome: 'passed' },
    title: 'nodes are declared ready',
    meanwhile: `while true; do for node in $(kubectl get nodes -o name); do
      kubectl patch $node --subresource=status --type=strategic -p '{"status":{"conditions":[{"type":"Ready","status":"True","reason":"Me","message":"I say so"}]}}'
      done; done`,
  },
  {
    lab: 'deploy-calico',
    step: 'deploy',
    never: { step: 'passed' },
    title: 'a DaemonSet has the name of the plugin and is none',
    script: `${apply(
      JSON.stringify({
        apiVersion: 'apps/v1',
        kind: 'DaemonSet',
        metadata: { name: 'calico-node', namespace: 'kube-system' },
        spec: {
          selector: { matchLabels: { a: 'b' } },
          template: {
            metadata: { labels: { a: 'b' } },
            spec: {
              hostNetwork: true,
              tolerations: [{ operator: 'Exists' }],
              containers: [{ name: 'c', image: 'busybox:1.36', command: SILENT }],
            },
          },
        },
      }),
    )}
    kubectl rollout status daemonset calico-node -n kube-system --timeout=10s`,
  },
];

const decoys: readonly Attack[] = [
  {
    lab: 'scooter-db',
    step: 'three-doors',
    never: { step: 'passed' },
    title: 'another pod plays the database, closed as asked, and the real one stays open',
    script: `kubectl label pod db -n rides role=old --overwrite
      ${apply(
        podYaml('rides/decoy', {
          labels: { app: 'scooter', role: 'db' },
          image: 'registry.k8s.io/e2e-test-images/agnhost:2.53',
          command: ['/agnhost', 'netexec', '--http-port=5432'],
        }),
      )}
      kubectl wait pod decoy -n rides --for=condition=Ready --timeout=10s
      cat > db.yaml <<'POLICY'
${threeDoors()}
POLICY
      kubectl apply -f db.yaml`,
  },
  {
    lab: 'scooter-db',
    step: 'three-doors',
    never: { step: 'passed' },
    title: 'the ones to be kept out change their labels instead',
    script: `kubectl label pod promo -n rides role=search --overwrite
      kubectl label pod lookalike -n rides app=scooter role=api --overwrite
      cat > db.yaml <<'POLICY'
${threeDoors()}
POLICY
      kubectl apply -f db.yaml`,
  },
  {
    lab: 'scooter-db',
    step: 'across',
    never: { checks: ['everything'], outcome: 'passed' },
    title: 'everybody may come in but those who are known to knock',
    script: apply(
      policyYaml('rides/black-list', {
        podSelector: { matchLabels: { app: 'scooter', role: 'db' } },
        policyTypes: ['Ingress'],
        ingress: [
          {
            from: [
              {
                namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'audit' } },
                podSelector: {
                  matchExpressions: [{ key: 'role', operator: 'NotIn', values: ['api'] }],
                },
              },
            ],
            ports: [{ protocol: 'TCP', port: 5432 }],
          },
        ],
      }),
    ),
  },
  {
    lab: 'scooter-db',
    step: 'three-doors',
    never: { checks: ['three-allowed'], outcome: 'passed' },
    title: 'the database is shut, and a pod beside it answers in its place',
    script: `${apply(
      policyYaml('rides/shut', {
        podSelector: { matchLabels: { app: 'scooter', role: 'db' } },
        policyTypes: ['Ingress'],
      }),
      podYaml('rides/proxy', {
        labels: { app: 'proxy' },
        image: 'registry.k8s.io/e2e-test-images/agnhost:2.53',
        command: ['/agnhost', 'netexec', '--http-port=5432'],
      }),
    )}
      kubectl patch service db -n rides -p '{"spec":{"selector":{"app":"proxy","role":null}}}'
      kubectl wait pod proxy -n rides --for=condition=Ready --timeout=10s`,
  },
  {
    lab: 'deny-all',
    step: 'repair-dns',
    never: { step: 'passed' },
    title: 'the name of the DNS leads to a server of the learner',
    script: `${apply(
      podYaml('batch-ns/my-dns', {
        labels: { app: 'my-dns' },
        image: 'registry.k8s.io/e2e-test-images/agnhost:2.53',
        command: ['/agnhost', 'netexec', '--http-port=53', '--udp-port=53'],
      }),
      policyYaml('batch-ns/allow-mine', {
        podSelector: {},
        policyTypes: ['Egress'],
        egress: [{ to: [{ podSelector: { matchLabels: { app: 'my-dns' } } }] }],
      }),
    )}
      kubectl wait pod my-dns -n batch-ns --for=condition=Ready --timeout=10s
      kubectl delete service kube-dns -n kube-system
      ${apply(
        JSON.stringify({
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: 'kube-dns', namespace: 'kube-system' },
          spec: {
            clusterIP: '10.96.0.10',
            ports: ['UDP', 'TCP'].map((protocol) => ({
              name: protocol.toLowerCase(),
              port: 53,
              protocol,
            })),
          },
        }),
      )}
      address=$(kubectl get pod my-dns -n batch-ns -o jsonpath='{.status.podIP}')
      kubectl apply -f - <<OBJECT
{"apiVersion":"v1","kind":"Endpoints","metadata":{"name":"kube-dns","namespace":"kube-system"},"subsets":[{"addresses":[{"ip":"$address"}],"ports":[{"name":"udp","port":53,"protocol":"UDP"},{"name":"tcp","port":53,"protocol":"TCP"}]}]}
OBJECT`,
  },
];

const answersThatGuess: readonly Attack[] = [
  {
    lab: 'deny-all',
    step: 'look',
    never: { checks: ['who-reaches'], outcome: 'passed' },
    title: 'every option is ticked',
    answers: { 'who-reaches': ['prod-web', 'dev-client', 'batch-worker', 'internet'] },
  },
  {
    lab: 'deny-all',
    step: 'look',
    never: { checks: ['who-reaches'], outcome: 'passed' },
    title: 'a right option is ticked three times',
    answers: { 'who-reaches': ['prod-web', 'prod-web', 'prod-web'] },
  },
  {
    lab: 'deny-all',
    step: 'look',
    never: { checks: ['how-many'], outcome: 'passed' },
    title: 'an empty answer where 0 is right',
    answers: { 'how-many': ' ' },
  },
  {
    lab: 'deny-all',
    step: 'look',
    never: { checks: ['how-many'], outcome: 'passed' },
    title: 'all numbers at once',
    answers: { 'how-many': '0 1 2 3 4 5' },
  },
  {
    lab: 'deny-all',
    step: 'close-egress',
    isSolved: true,
    never: { checks: ['dns-trap'], outcome: 'passed' },
    title: 'several options where one is asked for',
    answers: { 'dns-trap': ['query-dropped', 'ingress', 'dns-down', 'name-gone'] },
  },
];

export const CHEATS: readonly Attack[] = [
  ...silenceWithoutPolicy,
  ...nobodyAsks,
  ...objectsThatLie,
  ...decoys,
  ...answersThatGuess,
];

/** The right policy of the step. */
function threeDoors(): string {
  const peer = (app: string, role: string) => ({ podSelector: { matchLabels: { app, role } } });
  return policyYaml('rides/db', {
    podSelector: { matchLabels: { app: 'scooter', role: 'db' } },
    policyTypes: ['Ingress'],
    ingress: [
      { from: [peer('scooter', 'search'), peer('scooter', 'api'), peer('inventory', 'web')] },
    ],
  });
}
