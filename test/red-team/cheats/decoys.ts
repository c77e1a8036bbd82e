import { apply, podYaml, policyYaml, type Attack } from '../attack.js';

/** Somebody else stands where the graders look. */
export const DECOYS: readonly Attack[] = [
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
