import { apply, policyYaml, type Attack } from './attack.js';

/** A webhook at an address of the workstation, asked about everything that is written. */
const webhookAt = (port: number): string =>
  apply(
    ...['Validating', 'Mutating'].map((kind) =>
      JSON.stringify({
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: `${kind}WebhookConfiguration`,
        metadata: { name: 'everything' },
        webhooks: [
          {
            name: 'everything.example.com',
            clientConfig: { url: `https://172.30.0.100:${port}` },
            rules: [
              { apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*'] },
            ],
            failurePolicy: 'Fail',
            timeoutSeconds: 30,
            sideEffects: 'None',
            admissionReviewVersions: ['v1'],
          },
        ],
      }),
    ),
  );

/** The work is done; whatever else is done, it must not be called undone. */

const closed = {
  lab: 'deny-all',
  step: 'close-ingress',
  isSolved: true,
  never: { checks: ['closed', 'neighbours', 'prod-calls-out'], outcome: 'failed' },
} as const;
const opened = {
  lab: 'scooter-db',
  step: 'three-doors',
  isSolved: true,
  never: { checks: ['others-denied', 'three-allowed', 'only-db'], outcome: 'failed' },
} as const;

export const CONFUSIONS: readonly Attack[] = [
  {
    ...closed,
    title: 'a fork bomb in the workstation',
    meanwhile: 'bomb() { bomb | bomb & }; bomb; sleep 20',
  },
  {
    ...closed,
    title: 'a fork bomb in the client',
    meanwhile: `kubectl exec -n dev-ns client -- sh -c 'b() { b | b & }; b; sleep 20'`,
  },
  {
    ...closed,
    title: 'the processors are kept busy',
    meanwhile: 'for i in $(seq 20); do while true; do :; done & done; sleep 20',
  },
  {
    ...closed,
    title: 'a flood of output',
    meanwhile: 'yes | head -c 2000000000',
  },
  {
    ...closed,
    title: 'a flood of objects',
    meanwhile: `i=0; while true; do i=$((i+1)); kubectl create configmap flood-$i --from-literal=a=b; done`,
  },
  {
    ...closed,
    title: 'a thousand policies that change nothing',
    script: `for i in $(seq 1000); do echo '{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"namespace":"prod-ns","name":"p-'$i'"},"spec":{"podSelector":{"matchLabels":{"app":"app-'$i'"}},"policyTypes":["Ingress"]}}'; done > many.json
      kubectl create -f many.json`,
  },
  {
    ...closed,
    title: 'all rights are taken away from everybody',
    script: 'kubectl delete clusterrolebindings --all',
  },
  {
    ...closed,
    title: 'the kubeconfig is broken',
    script: 'echo nothing > ~/.kube/config',
  },
  {
    ...closed,
    title: 'somebody tries to set the clock',
    script: 'date -s "2020-01-01" || true',
  },
  {
    ...closed,
    title: 'the programs of the workstation are replaced',
    script:
      'mkdir -p ~/bin; for p in kubectl curl nc ip; do printf "#!/bin/sh\\nexit 1\\n" > ~/bin/$p; chmod +x ~/bin/$p; done; echo "export PATH=~/bin:$PATH" >> ~/.bashrc',
  },
  {
    ...closed,
    title: 'the programs of the client are gone',
    script: `kubectl exec -n dev-ns client -- sh -c 'rm -rf /bin/* /usr/bin/* /tmp/* 2>/dev/null; true'`,
  },
  {
    ...closed,
    title: 'a pod answers for every name',
    script: `kubectl delete pod -n kube-system -l k8s-app=kube-dns --force --grace-period=0
      kubectl scale deployment coredns -n kube-system --replicas=0`,
  },
  {
    ...closed,
    title: 'nobody may make a pod any more',
    script: apply(
      JSON.stringify({
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingAdmissionPolicy',
        metadata: { name: 'nothing-new' },
        spec: {
          failurePolicy: 'Fail',
          matchConstraints: {
            resourceRules: [
              {
                apiGroups: [''],
                apiVersions: ['v1'],
                operations: ['CREATE'],
                resources: ['pods', 'namespaces'],
              },
            ],
          },
          validations: [{ expression: 'false', message: 'nothing new' }],
        },
      }),
      JSON.stringify({
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingAdmissionPolicyBinding',
        metadata: { name: 'nothing-new' },
        spec: { policyName: 'nothing-new', validationActions: ['Deny'] },
      }),
    ),
  },
  {
    ...closed,
    title: 'a webhook that nobody answers for has to allow every write',
    // The script is over only when the refusal is real.
    script: `${webhookAt(9)}\n! kubectl create configmap refused`,
  },
  {
    ...closed,
    title: 'a webhook that never answers has to allow every write',
    meanwhile: `nc -lk -p 9443 >/dev/null & sleep 0.1\n${webhookAt(9443)}\nkubectl create configmap hanging`,
  },
  {
    ...closed,
    title: 'the policies are written anew again and again',
    meanwhile: `while true; do kubectl get networkpolicy deny-ingress -n prod-ns -o json | kubectl replace -f -; done`,
  },
  {
    ...closed,
    title: 'labels that nobody asks about change all the time',
    meanwhile: `i=0; while true; do i=$((i+1)); kubectl label pod --all -n prod-ns n=$i --overwrite; kubectl label namespace prod-ns dev-ns n=$i --overwrite; done`,
  },
  {
    ...closed,
    title: 'the API server is asked to list everything, over and over',
    meanwhile:
      'for i in 1 2 3 4; do while true; do kubectl get all -A -o yaml >/dev/null; done & done; sleep 20',
  },
  {
    ...closed,
    never: { checks: [...closed.never.checks, 'every-pod'], outcome: 'failed' },
    title: 'no pod may be made any more, by quota',
    script: `for namespace in prod-ns dev-ns batch-ns default; do
      kubectl create quota none --hard=pods=0 -n $namespace; done`,
  },
  {
    ...closed,
    never: { checks: [...closed.never.checks, 'every-pod'], outcome: 'failed' },
    title: 'the policy is being deleted, and held',
    script: `kubectl patch networkpolicy deny-ingress -n prod-ns --type=merge -p '{"metadata":{"finalizers":["example.com/stay"]}}'
      kubectl delete networkpolicy deny-ingress -n prod-ns --wait=false`,
  },
  {
    ...opened,
    title: 'the policy is cut in pieces that add up',
    script: `kubectl delete networkpolicy db -n rides
      ${apply(
        ...[
          ['scooter', 'search'],
          ['scooter', 'api'],
          ['inventory', 'web'],
        ].map(([app = '', role = '']) =>
          policyYaml(`rides/${app}-${role}`, {
            podSelector: { matchLabels: { app: 'scooter', role: 'db' } },
            policyTypes: ['Ingress'],
            ingress: [{ from: [{ podSelector: { matchLabels: { app, role } } }] }],
          }),
        ),
      )}`,
  },
  {
    ...opened,
    title: 'the clients are started anew',
    script: `for pod in search api stock; do
        kubectl get pod $pod -n rides -o json > $pod.json
        kubectl replace --force -f $pod.json --grace-period=0
      done
      kubectl wait pods --all -n rides --for=condition=Ready --timeout=15s`,
  },
  {
    ...opened,
    title: 'a client is being deleted for a long time',
    script: `kubectl patch pod api -n rides --type=merge -p '{"metadata":{"finalizers":["example.com/stay"]}}'
      kubectl label pod api -n rides note=here`,
  },
  {
    lab: 'deploy-calico',
    step: 'enforce',
    isSolved: true,
    never: { checks: ['canary'], outcome: 'failed' },
    title: 'a policy that opens everything is put into each new namespace',
    meanwhile: `while true; do for ns in $(kubectl get ns -o name | cut -d/ -f2 | grep -v first); do
      echo '{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"namespace":"'$ns'","name":"open"},"spec":{"podSelector":{},"policyTypes":["Ingress"],"ingress":[{}]}}' | kubectl apply -f -
      done; done`,
  },
];
