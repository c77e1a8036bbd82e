import { apply, policyYaml, type Attack } from '../attack.js';
import { CLOSING, NOT_CLOSED } from './closing.js';

/** Those who would be refused are not there to ask. */
export const NOBODY_ASKS: readonly Attack[] = [
  {
    ...CLOSING,
    ...NOT_CLOSED,
    title: 'the clients are deleted',
    script: `kubectl delete pod client -n dev-ns --force --grace-period=0
      kubectl delete pod worker -n batch-ns --force --grace-period=0`,
  },
  {
    ...CLOSING,
    ...NOT_CLOSED,
    title: 'the clients get other labels',
    script: `kubectl label pod client -n dev-ns app=other --overwrite
      kubectl label pod worker -n batch-ns app=other --overwrite`,
  },
  {
    ...CLOSING,
    ...NOT_CLOSED,
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
    ...CLOSING,
    never: { step: 'passed' },
    title: 'the clients are locked in instead of the servers locked up',
    script: apply(
      ...['dev-ns', 'batch-ns', 'prod-ns'].map((namespace) =>
        policyYaml(`${namespace}/in`, { podSelector: {}, policyTypes: ['Egress'] }),
      ),
    ),
  },
  {
    ...CLOSING,
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
