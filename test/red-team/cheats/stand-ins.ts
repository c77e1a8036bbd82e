import { apply, podYaml, type Attack } from '../attack.js';

/** A server of the learner's own answers at the right door. */
export const STAND_INS: readonly Attack[] = [
  {
    lab: 'curl-pods',
    step: 'repair',
    never: { checks: ['door-b-opens'], outcome: 'passed' },
    title: 'another server is put behind the Service by a slice of one’s own',
    script: `${apply(
      podYaml('stock/helper', {
        labels: { app: 'helper' },
        image: 'nginx:1.27',
        command: ['nginx', '-g', 'daemon off;'],
      }),
    )}
      kubectl wait pod helper -n stock --for=condition=Ready --timeout=10s
      address=$(kubectl get pod helper -n stock -o jsonpath='{.status.podIP}')
      kubectl apply -f - <<OBJECT
{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"mine","namespace":"stock","labels":{"kubernetes.io/service-name":"door-b"}},"addressType":"IPv4","ports":[{"name":"","port":80,"protocol":"TCP"}],"endpoints":[{"addresses":["$address"],"conditions":{"ready":true}}]}
OBJECT`,
  },
];
