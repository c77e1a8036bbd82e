import type { JsonObject } from '../../../../../common/json.js';
import { create, faultsOf } from '../test-support/small-cluster.js';
import { PODS } from './pods.js';

const CONTAINER = { name: 'c', image: 'nginx:1.25' };

function faults(spec: JsonObject): string[] {
  return faultsOf(() => create(PODS, { metadata: { name: 'p' }, spec }));
}

function container(fields: JsonObject): JsonObject {
  return { containers: [{ ...CONTAINER, ...fields }] };
}

const AT = 'spec.containers[0]';

describe('a pod is refused with', () => {
  test.each<[string, JsonObject, string[]]>([
    ['no containers', {}, ['spec.containers: Required value']],
    [
      'a container without a name',
      { containers: [{ image: 'x' }] },
      [`${AT}.name: Required value`],
    ],
    [
      'spaces around an image',
      container({ image: ' nginx' }),
      [`${AT}.image: Invalid value: " nginx": must not have leading or trailing whitespace`],
    ],
    [
      'a port beyond the last',
      container({ ports: [{ containerPort: 70000 }] }),
      [
        `${AT}.ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive`,
      ],
    ],
    [
      'a port without a number',
      container({ ports: [{ name: 'web' }] }),
      [`${AT}.ports[0].containerPort: Required value`],
    ],
    [
      'one name for two ports',
      container({
        ports: [
          { name: 'web', containerPort: 80 },
          { name: 'web', containerPort: 81 },
        ],
      }),
      [`${AT}.ports[1].name: Duplicate value: "web"`],
    ],
    [
      'an unknown protocol',
      container({ ports: [{ containerPort: 80, protocol: 'ICMP' }] }),
      [
        `${AT}.ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"`,
      ],
    ],
    [
      'a mount of no volume',
      container({ volumeMounts: [{ name: 'v', mountPath: '/v' }] }),
      [`${AT}.volumeMounts[0].name: Not found: "v"`],
    ],
    [
      'two mounts at one place',
      {
        volumes: [{ name: 'v' }],
        containers: [
          {
            ...CONTAINER,
            volumeMounts: [
              { name: 'v', mountPath: '/v' },
              { name: 'v', mountPath: '/v' },
            ],
          },
        ],
      },
      [`${AT}.volumeMounts[1].mountPath: Invalid value: "/v": must be unique`],
    ],
    [
      'a volume of two kinds',
      { containers: [CONTAINER], volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/' } }] },
      ['spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type'],
    ],
    [
      'a config map without a name',
      { containers: [CONTAINER], volumes: [{ name: 'v', configMap: {} }] },
      ['spec.volumes[0].configMap.name: Required value'],
    ],
    [
      'a variable with a value and a source',
      container({
        env: [{ name: 'A', value: 'x', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
      }),
      [
        `${AT}.env[0].valueFrom: Invalid value: "": may not be specified when \`value\` is not empty`,
      ],
    ],
    [
      'a variable from a field that is none',
      container({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.foo' } } }] }),
      [
        `${AT}.env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.foo": error converting fieldPath: field label not supported: spec.foo`,
      ],
    ],
    [
      'a resource by a wrong name',
      container({ resources: { limits: { cpus: '1' } } }),
      [
        `${AT}.resources.limits: Invalid value: "cpus": must be a standard resource type or fully qualified`,
        `${AT}.resources.limits: Invalid value: "cpus": must be a standard resource for containers`,
        `${AT}.resources.requests: Invalid value: "cpus": must be a standard resource type or fully qualified`,
        `${AT}.resources.requests: Invalid value: "cpus": must be a standard resource for containers`,
      ],
    ],
    [
      'less than nothing',
      container({ resources: { requests: { cpu: '-1' } } }),
      [`${AT}.resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0`],
    ],
    [
      'a probe that does nothing',
      container({ livenessProbe: {} }),
      [`${AT}.livenessProbe: Required value: must specify a handler type`],
    ],
    [
      'a liveness probe that must succeed twice',
      container({ livenessProbe: { tcpSocket: { port: 80 }, successThreshold: 2 } }),
      [`${AT}.livenessProbe.successThreshold: Invalid value: 2: must be 1`],
    ],
    [
      'a toleration of everything by Equal',
      { containers: [CONTAINER], tolerations: [{ operator: 'Equal', effect: 'NoSchedule' }] },
      [
        'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ],
    ],
    [
      'a hostname with dots',
      { containers: [CONTAINER], hostname: 'a.b' },
      ['spec.hostname: Invalid value: "a.b": must not contain dots'],
    ],
    [
      'two containers on one port of the host',
      {
        containers: [
          { ...CONTAINER, ports: [{ containerPort: 80, hostPort: 80 }] },
          { ...CONTAINER, name: 'd', ports: [{ containerPort: 81, hostPort: 80 }] },
        ],
      },
      ['spec.containers[1].ports[0].hostPort: Duplicate value: "TCP//80"'],
    ],
    [
      'an init container with the name of another',
      { containers: [CONTAINER], initContainers: [CONTAINER] },
      ['spec.initContainers[0].name: Duplicate value: "c"'],
    ],
    [
      'a probe on an init container that ends',
      {
        containers: [CONTAINER],
        initContainers: [{ ...CONTAINER, name: 'i', livenessProbe: { tcpSocket: { port: 1 } } }],
      },
      [
        'spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
      ],
    ],
    [
      'an unknown DNS policy',
      { containers: [CONTAINER], dnsPolicy: 'Cluster' },
      [
        'spec.dnsPolicy: Unsupported value: "Cluster": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
      ],
    ],
  ])('%s', (_what, spec, expected) => {
    expect(faults(spec)).toEqual(expected);
  });
});
