import type { Answers } from '../../common/lab.js';

/** One way to cheat or confuse a grader, tried by a learner who is administrator of the cluster. */
export interface Attack {
  title: string;
  /** The lab by its slug; the steps before this one are done right first. */
  lab: 'deploy-calico' | 'curl-pods' | 'deny-all' | 'scooter-db';
  step: string;
  /** Whether this step's own work is done right as well, before the script. */
  isSolved?: true;
  /** What is typed into the workstation, as bash. */
  script?: string;
  /** What goes on being typed while the check runs. */
  meanwhile?: string;
  /** Given instead of the right answers. */
  answers?: Answers;
  /** What must not be said: of work not done that it passed, of work done that it failed. */
  never: { step: 'passed' } | { checks: readonly string[]; outcome: 'passed' | 'failed' };
}

/** A server pod by another's name and labels. */
export function podYaml(
  path: string,
  options: { labels: Readonly<Record<string, string>>; image?: string; command: readonly string[] },
): string {
  const [namespace = '', name = ''] = path.split('/');
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, labels: options.labels },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'c',
          image: options.image ?? 'nicolaka/netshoot:v0.13',
          command: options.command,
        },
      ],
    },
  });
}

/** Bash that applies these objects, written in JSON. */
export const apply = (...objects: readonly string[]): string =>
  `kubectl apply -f - <<'OBJECTS'\n{"apiVersion":"v1","kind":"List","items":[${objects.join(',')}]}\nOBJECTS`;

/** Bash that puts a pod in the place of another, and waits until it runs. */
export const replace = (path: string, options: Parameters<typeof podYaml>[1]): string => {
  const [namespace = '', name = ''] = path.split('/');
  return [
    `kubectl delete pod ${name} -n ${namespace} --force --grace-period=0`,
    apply(podYaml(path, options)),
    `kubectl wait pod ${name} -n ${namespace} --for=condition=Ready --timeout=10s`,
  ].join('\n');
};

export const policyYaml = (path: string, spec: object): string => {
  const [namespace = '', name = ''] = path.split('/');
  return JSON.stringify({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace, name },
    spec,
  });
};
