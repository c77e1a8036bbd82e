import { apply, policyYaml, replace, type Attack } from '../attack.js';
import { CLOSING, DENY, NOT_CLOSED, SILENT } from './closing.js';

/** Nobody answers, and no policy is the reason. */
export const SILENCE_WITHOUT_POLICY: readonly Attack[] = [
  {
    ...CLOSING,
    ...NOT_CLOSED,
    title: 'the servers are deleted',
    script: 'kubectl delete pod web cache -n prod-ns --force --grace-period=0',
  },
  {
    ...CLOSING,
    ...NOT_CLOSED,
    title: 'the whole namespace is deleted',
    script: 'kubectl delete namespace prod-ns --timeout=15s',
  },
  {
    ...CLOSING,
    ...NOT_CLOSED,
    title: 'the namespace is renamed',
    script: `kubectl delete namespace prod-ns --timeout=15s
      kubectl create namespace prod-ns-2
      ${apply(policyYaml('prod-ns-2/deny', { podSelector: {}, policyTypes: ['Ingress'] }))}`,
  },
  {
    ...CLOSING,
    ...NOT_CLOSED,
    title: 'the servers are replaced by pods that only sleep',
    script: [
      replace('prod-ns/web', { labels: { app: 'web' }, command: SILENT }),
      replace('prod-ns/cache', { labels: { app: 'cache' }, command: SILENT }),
    ].join('\n'),
  },
  {
    ...CLOSING,
    ...NOT_CLOSED,
    title: 'the servers sleep, and a policy stands before them',
    script: [
      replace('prod-ns/web', { labels: { app: 'web' }, command: SILENT }),
      replace('prod-ns/cache', { labels: { app: 'cache' }, command: SILENT }),
      apply(DENY),
    ].join('\n'),
  },
  {
    ...CLOSING,
    ...NOT_CLOSED,
    title: 'the servers listen on another port',
    script: replace('prod-ns/web', {
      labels: { app: 'web' },
      image: 'registry.k8s.io/e2e-test-images/agnhost:2.53',
      command: ['/agnhost', 'netexec', '--http-port=8081'],
    }),
  },
  {
    ...CLOSING,
    ...NOT_CLOSED,
    title: 'a server listens to itself only',
    script: replace('prod-ns/web', {
      labels: { app: 'web' },
      command: ['sh', '-c', 'while true; do nc -l -s 127.0.0.1 -p 80 </dev/null; done'],
    }),
  },
  {
    ...CLOSING,
    ...NOT_CLOSED,
    title: 'a server stops taking calls after it has started',
    script: replace('prod-ns/web', {
      labels: { app: 'web' },
      command: ['sh', '-c', 'nc -l -p 80 </dev/null & sleep 1; kill -STOP $!; sleep infinity'],
    }),
  },
  {
    ...CLOSING,
    ...NOT_CLOSED,
    title: 'the servers cannot be started',
    script: ['web', 'cache']
      .map(
        (name) => `kubectl delete pod ${name} -n prod-ns --force --grace-period=0
      kubectl run ${name} -n prod-ns --labels=app=${name} --image=example.com/no-such-image:1`,
      )
      .join('\n'),
  },
  {
    ...CLOSING,
    ...NOT_CLOSED,
    title: 'the servers live on a node that is not there',
    script: `kubectl delete pod web cache -n prod-ns --force --grace-period=0
      kubectl run web -n prod-ns --labels=app=web --image=nginx:1.27 --overrides='{"spec":{"nodeName":"worker-9"}}'
      kubectl run cache -n prod-ns --labels=app=cache --image=redis:7.4 --overrides='{"spec":{"nodeName":"worker-9"}}'`,
  },
];
