/**
 * Ways to cheat graders, or to confuse them, as a learner could: bash in the workstation, who is admin of the
 * cluster. `open` begins with nothing done, `solved` with the right policies.
 */
export interface Attack {
  name: string;
  begin: 'open' | 'solved';
  script: string;
  /** Runs beside the checks, and is ended after them. */
  meanwhile?: string;
  /** `never passes`, `never fails`, or exactly this. */
  expect: 'not passed' | 'not failed' | 'passed' | 'failed';
}

const RIGHT = String.raw`cat > right.yaml <<'END'
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: rides }
spec:
  podSelector: { matchLabels: { app: scooter, role: db } }
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: { matchLabels: { app: scooter, role: search } }
        - podSelector: { matchLabels: { app: scooter, role: api } }
        - podSelector: { matchLabels: { app: inventory, role: web } }
END
`;

const pod = (name: string, options: { labels: string; image?: string; command?: string }): string =>
  `kubectl run ${name} -n rides --image=${options.image ?? 'nginx:1.27'} --labels=${options.labels} ${
    options.command === undefined ? '' : `--command -- ${options.command}`
  } && kubectl wait pod ${name} -n rides --for=condition=Ready --timeout=20s`;

const webhook = (kind: 'Validating' | 'Mutating'): string => `kubectl apply -f - <<'END'
apiVersion: admissionregistration.k8s.io/v1
kind: ${kind}WebhookConfiguration
metadata: { name: gate }
webhooks:
  - name: gate.example.org
    clientConfig: { url: "https://127.0.0.1:1/" }
    rules: [{ apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods, namespaces] }]
    failurePolicy: Fail
    sideEffects: None
    admissionReviewVersions: [v1]
    timeoutSeconds: 1
END`;

const FLIP = `${RIGHT} while true; do kubectl apply -f right.yaml; sleep 0.1; kubectl delete -f right.yaml; done`;
const gone = (what: string): string =>
  `kubectl delete ${what} --force --grace-period=0 --wait=true`;
const open = (name: string, script: string, more: Partial<Attack> = {}): Attack => ({
  name,
  begin: 'open',
  script,
  expect: 'not passed',
  ...more,
});
const solved = (name: string, script: string, more: Partial<Attack> = {}): Attack => ({
  name,
  begin: 'solved',
  script,
  expect: 'passed',
  ...more,
});

export const ATTACKS: readonly Attack[] = [
  open('nothing done', 'true', { expect: 'failed' }),
  open('the server deleted', gone('pod db -n rides')),
  open('the server and its Service deleted', gone('pod/db service/db -n rides')),
  open('the clients deleted', gone('pods promo lookalike -n rides')),
  open('every pod deleted', gone('pods --all -n rides')),
  open('a namespace deleted', 'kubectl delete namespace audit --wait=false; sleep 0.3'),
  open(
    'a namespace made again, empty',
    'kubectl delete namespace audit; kubectl create namespace audit',
  ),
  open('the server relabelled', 'kubectl label pod db -n rides role=other --overwrite'),
  open('a client relabelled', 'kubectl label pod promo -n rides role=other --overwrite'),
  open(
    'a fake server that serves another port',
    `${gone('pod db -n rides')}; ${pod('db', { labels: 'app=scooter,role=db' })}`,
  ),
  open(
    'a fake server that only sleeps',
    `${gone('pod db -n rides')}; ${pod('db', { labels: 'app=scooter,role=db', image: 'busybox', command: 'sleep infinity' })}`,
  ),
  open(
    'a fake server on the right port',
    `${gone('pod db -n rides')}; ${pod('db', { labels: 'app=scooter,role=db', image: 'registry.k8s.io/e2e-test-images/agnhost:2.53', command: '/agnhost netexec --http-port=5432' })}`,
  ),
  open(
    'a second server that answers everything',
    pod('decoy', {
      labels: 'app=scooter,role=db',
      image: 'registry.k8s.io/e2e-test-images/agnhost:2.53',
      command: '/agnhost netexec --http-port=5432 --udp-port=5432',
    }),
  ),
  open(
    'a client that sleeps under another name',
    `${gone('pod promo -n rides')}; ${pod('promo2', { labels: 'app=scooter,role=web', image: 'busybox', command: 'sleep infinity' })}`,
  ),
  open(
    'the right policy in the wrong namespace',
    `${RIGHT} sed 's/namespace: rides/namespace: audit/' right.yaml | kubectl apply -f -`,
  ),
  open(
    'the right policy, only asked about',
    `${RIGHT} kubectl apply --dry-run=server -f right.yaml`,
  ),
  open(
    'the right policy, already deleted',
    `${RIGHT} kubectl apply -f right.yaml; kubectl delete -f right.yaml`,
  ),
  open(
    'a ConfigMap with the name of the policy',
    'kubectl create configmap db -n rides --from-literal=passed=true',
  ),
  open(
    'a kind of its own called NetworkPolicy',
    `kubectl apply -f - <<'END'
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: networkpolicies.example.org }
spec:
  group: example.org
  scope: Namespaced
  names: { plural: networkpolicies, kind: NetworkPolicy, singular: networkpolicy }
  versions: [{ name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } } }]
END
sleep 0.5; ${RIGHT} sed 's/networking.k8s.io/example.org/' right.yaml | kubectl apply -f -`,
  ),
  open('policies that flip on a timer', 'true', { meanwhile: FLIP }),
  open('policies that flip quickly', 'true', { meanwhile: FLIP.replace('sleep 0.1', 'true') }),
  open('a webhook that forbids pods', webhook('Validating')),
  open('a webhook that rewrites pods', webhook('Mutating')),
  open('no quota for pods of the platform', 'kubectl create quota none -n rides --hard=pods=0'),
  open(
    'kubectl replaced in the workstation',
    `mkdir -p bin; printf '#!/bin/sh\\necho passed\\n' > bin/kubectl; chmod +x bin/kubectl; echo 'PATH=$HOME/bin:$PATH' >> .bashrc`,
  ),
  open('the kubeconfig emptied', 'echo > ~/.kube/config; true'),
  open(
    'names led elsewhere',
    'kubectl delete pods -n kube-system -l k8s-app=kube-dns --force --grace-period=0; kubectl scale deployment coredns -n kube-system --replicas=0; true',
  ),
  open(
    'annotations that claim success',
    'kubectl annotate namespace rides gatehouse.dev/passed=true grade=100',
  ),
  open(
    'a policy for the pods of today only',
    `${RIGHT} sed 's/- podSelector: { matchLabels: { app: inventory, role: web } }/- podSelector: { matchExpressions: [{ key: app, operator: In, values: [inventory, anything] }] }/' right.yaml | kubectl apply -f -`,
    { expect: 'failed' },
  ),
  open(
    'a policy that closes everything',
    'kubectl create -f - <<< \'{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"all","namespace":"rides"},"spec":{"podSelector":{}}}\'',
    { expect: 'failed' },
  ),
  open(
    'the plugin stopped before the policy',
    `kubectl delete daemonset calico-node -n kube-system; sleep 0.3; ${RIGHT} kubectl apply -f right.yaml`,
    { expect: 'not passed' },
  ),
  open(
    'a plugin in name only',
    `kubectl create namespace fake; kubectl create -n fake -f - <<< '{"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"calico-node"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"nginx"}]}}}}'`,
  ),
  open('the clock set back', 'date -s 2001-01-01 || true'),
  open('the server busy with a fork bomb', 'true', {
    meanwhile:
      'ulimit -u 200; for i in $(seq 60); do (timeout 5 sh -c "while :; do :; done") & done; wait',
  }),
  open(
    'rights of the platform deleted',
    'kubectl delete clusterrolebinding --all --wait=false; true',
  ),

  solved('solved', 'true'),
  solved('solved and checked with a pod too many', pod('visitor', { labels: 'app=visitor' })),
  solved(
    'solved with the policy in two halves',
    `${RIGHT} sed 's/name: db,/name: again,/' right.yaml | kubectl apply -f -`,
  ),
  solved(
    'solved and the server made anew',
    `kubectl get pod db -n rides -o yaml > db-pod.yaml; ${gone('pod db -n rides')}; kubectl apply -f db-pod.yaml; kubectl wait pod db -n rides --for=condition=Ready --timeout=20s`,
  ),
  solved(
    'solved with a proxy beside',
    pod('proxy', {
      labels: 'app=scooter,role=api,copy=yes',
      image: 'registry.k8s.io/e2e-test-images/agnhost:2.53',
      command: '/agnhost netexec --http-port=5432',
    }),
  ),
  solved(
    'solved with a pod that has finished',
    `kubectl run done -n rides --image=busybox --labels=app=scooter,role=web --restart=Never --command -- true; sleep 0.5`,
  ),
  solved(
    'solved with a pod that is leaving',
    'kubectl run leaving -n rides --image=nginx:1.27 --labels=app=scooter,role=web; kubectl delete pod leaving -n rides --wait=false',
  ),
  solved(
    'solved, names do not work',
    'kubectl scale deployment coredns -n kube-system --replicas=0; true',
  ),
  solved('solved, the kubeconfig is gone', 'echo > ~/.kube/config; true'),
  solved(
    'solved, with fifty policies elsewhere',
    `kubectl create namespace busy; for i in $(seq 50); do printf -- '---\\napiVersion: networking.k8s.io/v1\\nkind: NetworkPolicy\\nmetadata: { name: p%s, namespace: busy }\\nspec: { podSelector: {} }\\n' $i; done | kubectl apply -f - > /dev/null`,
  ),
  solved(
    'solved, a namespace that looks like the auditors',
    'kubectl create namespace audit2; kubectl label namespace audit2 team=audit',
  ),
  solved('solved, the machine is busy', 'true', {
    meanwhile: 'for i in $(seq 20); do (timeout 5 sh -c "while :; do :; done") & done; wait',
    expect: 'not failed',
  }),
  solved(
    'solved, no pods of the platform allowed',
    'kubectl create quota none -n rides --hard=pods=0',
    { expect: 'not failed' },
  ),
  solved('solved, a webhook forbids pods', webhook('Validating'), { expect: 'not failed' }),
  solved(
    'solved, rights of the platform deleted',
    'kubectl delete clusterrolebinding --all --wait=false; true',
    { expect: 'not failed' },
  ),
];
