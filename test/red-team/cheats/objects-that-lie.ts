import { apply, policyYaml, type Attack } from '../attack.js';
import { CLOSING, DENY, NOT_CLOSED } from './closing.js';

/** What the API says is not what is. */
export const OBJECTS_THAT_LIE: readonly Attack[] = [
  {
    ...CLOSING,
    ...NOT_CLOSED,
    title: 'the servers claim an address where nobody is',
    meanwhile: `while true; do
      for pod in web cache; do
        kubectl patch pod $pod -n prod-ns --subresource=status --type=merge -p '{"status":{"podIP":"10.244.250.9","podIPs":[{"ip":"10.244.250.9"}]}}'
      done; done`,
  },
  {
    ...CLOSING,
    ...NOT_CLOSED,
    title: 'the servers claim to have ended',
    meanwhile: `while true; do
      for pod in web cache; do
        kubectl patch pod $pod -n prod-ns --subresource=status --type=merge -p '{"status":{"phase":"Succeeded"}}'
      done; done`,
  },
  {
    ...CLOSING,
    ...NOT_CLOSED,
    title: 'the plugin is stopped before the policy is written',
    script: `kubectl delete daemonset calico-node -n kube-system --timeout=10s
      kubectl wait pods -n kube-system -l k8s-app=calico-node --for=delete --timeout=10s
      ${apply(DENY)}`,
  },
  {
    ...CLOSING,
    ...NOT_CLOSED,
    title: 'the plugin runs nowhere any more when the policy is written',
    script: `kubectl patch daemonset calico-node -n kube-system -p '{"spec":{"template":{"spec":{"nodeSelector":{"none":"such"}}}}}'
      kubectl wait pods -n kube-system -l k8s-app=calico-node --for=delete --timeout=10s
      ${apply(DENY)}`,
  },
  {
    ...CLOSING,
    ...NOT_CLOSED,
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
    ...CLOSING,
    ...NOT_CLOSED,
    title: 'the policy is there and goes as soon as it is looked for',
    script: apply(DENY),
    meanwhile: 'kubectl delete networkpolicy deny -n prod-ns',
  },
  ...['sleep 0.1', 'true'].map((pause): Attack => ({
    ...CLOSING,
    ...NOT_CLOSED,
    title: `the policy comes and goes on a timer (${pause})`,
    script: `cat > deny.json <<'POLICY'\n${DENY}\nPOLICY`,
    meanwhile: `while true; do kubectl apply -f deny.json; ${pause}; kubectl delete -f deny.json; done`,
  })),
  {
    ...CLOSING,
    ...NOT_CLOSED,
    title: 'the servers come and go while they are looked at',
    meanwhile: `while true; do
      kubectl delete pod web cache -n prod-ns --force --grace-period=0
      kubectl run web -n prod-ns --labels=app=web --image=nginx:1.27
      kubectl run cache -n prod-ns --labels=app=cache --image=redis:7.4
      sleep 0.1; done`,
  },
  {
    ...CLOSING,
    ...NOT_CLOSED,
    title: 'a policy of the right name says nothing about these pods',
    script: apply(
      policyYaml('prod-ns/deny-ingress', {
        podSelector: { matchLabels: { app: 'nobody' } },
        policyTypes: ['Ingress'],
      }),
    ),
  },
  {
    ...CLOSING,
    ...NOT_CLOSED,
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
];
