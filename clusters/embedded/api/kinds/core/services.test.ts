import type { JsonObject } from '../../../../../common/json.js';
import type { KubeObject } from '../../cluster-api.js';
import { create, faultsOf, update } from '../test-support/small-cluster.js';
import type { Service } from './service.js';
import { SERVICES } from './services.js';

const PORTS = [{ port: 80 }];

function make(spec: JsonObject, others: readonly KubeObject[] = []): Service {
  return create(SERVICES, { metadata: { name: 's' }, spec }, { services: others }) as Service;
}

function other(spec: JsonObject): KubeObject {
  const service = make(spec);
  service.metadata = { ...service.metadata, uid: 'other', name: 'other' };
  return service;
}

describe('a new Service', () => {
  test('gets its defaults and an address of the cluster', () => {
    const { spec, status } = make({ ports: PORTS, selector: { app: 'web' } });
    expect(spec).toEqual({
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      selector: { app: 'web' },
      clusterIP: expect.stringMatching(/^10\.96\.\d+\.\d+$/) as string,
      clusterIPs: [spec.clusterIP],
      type: 'ClusterIP',
      sessionAffinity: 'None',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
    });
    expect(status).toEqual({ loadBalancer: {} });
  });

  test('may choose its address, unless another has it or it lies outside', () => {
    expect(make({ ports: PORTS, clusterIP: '10.96.0.10' }).spec.clusterIPs).toEqual(['10.96.0.10']);
    const taken = other({ ports: PORTS, clusterIP: '10.96.0.10' });
    expect(faultsOf(() => make({ ports: PORTS, clusterIP: '10.96.0.10' }, [taken]))).toEqual([
      'spec.clusterIPs: Invalid value: []string{"10.96.0.10"}: failed to allocate IP 10.96.0.10: provided IP is already allocated',
    ]);
    expect(faultsOf(() => make({ ports: PORTS, clusterIP: '1.2.3.4' }))).toHaveLength(1);
  });

  test('without an address of its own asks for None and gets no other', () => {
    const { spec } = make({ ports: PORTS, clusterIP: 'None', selector: { app: 'db' } });
    expect(spec).toMatchObject({ clusterIP: 'None', clusterIPs: ['None'], ipFamilies: ['IPv4'] });
  });

  test('without address and selector may speak both families', () => {
    expect(make({ ports: PORTS, clusterIP: 'None' }).spec).toMatchObject({
      ipFamilyPolicy: 'RequireDualStack',
      ipFamilies: ['IPv4', 'IPv6'],
    });
  });

  test('of type NodePort gets a port of the range, of type LoadBalancer too', () => {
    for (const type of ['NodePort', 'LoadBalancer']) {
      const { spec } = make({ ports: PORTS, type });
      expect(spec.externalTrafficPolicy).toBe('Cluster');
      expect(spec.ports?.[0]?.nodePort).toBeGreaterThanOrEqual(30000);
      expect(spec.ports?.[0]?.nodePort).toBeLessThanOrEqual(32767);
    }
  });

  test('may choose its node port, unless another has it', () => {
    const ports = [{ port: 80, nodePort: 30080 }];
    expect(make({ ports, type: 'NodePort' }).spec.ports?.[0]?.nodePort).toBe(30080);
    const taken = other({ ports, type: 'NodePort' });
    expect(faultsOf(() => make({ ports, type: 'NodePort' }, [taken]))).toEqual([
      'spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated',
    ]);
  });

  test('shares one node port between the two protocols of a port', () => {
    const { spec } = make({
      type: 'NodePort',
      ports: [
        { name: 'dns', port: 53, protocol: 'UDP' },
        { name: 'dns-tcp', port: 53, protocol: 'TCP' },
      ],
    });
    expect(spec.ports?.[0]?.nodePort).toBe(spec.ports?.[1]?.nodePort);
  });

  test('for local traffic behind a load balancer gets a port for health checks', () => {
    const { spec } = make({ ports: PORTS, type: 'LoadBalancer', externalTrafficPolicy: 'Local' });
    expect(spec.healthCheckNodePort).toBeGreaterThanOrEqual(30000);
  });

  test('with another name outside has no address', () => {
    const { spec } = make({ type: 'ExternalName', externalName: 'example.com' });
    expect(spec).toEqual({
      type: 'ExternalName',
      externalName: 'example.com',
      sessionAffinity: 'None',
    });
  });

  test('keeps a client at one pod for three hours by default', () => {
    expect(make({ ports: PORTS, sessionAffinity: 'ClientIP' }).spec.sessionAffinityConfig).toEqual({
      clientIP: { timeoutSeconds: 10800 },
    });
  });

  test.each<[string, JsonObject, string[]]>([
    ['no ports', {}, ['spec.ports: Required value']],
    [
      'two ports without names',
      { ports: [{ port: 80 }, { port: 81 }] },
      ['spec.ports[0].name: Required value', 'spec.ports[1].name: Required value'],
    ],
    [
      'the same name twice',
      {
        ports: [
          { name: 'a', port: 80 },
          { name: 'a', port: 81 },
        ],
      },
      ['spec.ports[1].name: Duplicate value: "a"'],
    ],
    [
      'a node port without the type for it',
      { ports: [{ port: 80, nodePort: 30080 }] },
      ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    ],
    [
      'a node port on a headless service',
      { ports: PORTS, type: 'NodePort', clusterIP: 'None' },
      [
        'spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort services',
      ],
    ],
    [
      'an address that is none',
      { ports: PORTS, clusterIP: 'foo' },
      [
        'spec.clusterIPs[0]: Invalid value: "foo": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      ],
    ],
    [
      'both families',
      { ports: PORTS, ipFamilyPolicy: 'RequireDualStack' },
      [
        'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
      ],
    ],
    [
      'the loopback as an outer address',
      { ports: PORTS, externalIPs: ['127.0.0.1'] },
      [
        'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
      ],
    ],
    [
      'a policy for traffic that cannot come',
      { ports: PORTS, externalTrafficPolicy: 'Local' },
      [
        'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
      ],
    ],
  ])('is refused with %s', (_what, spec, expected) => {
    expect(faultsOf(() => make(spec))).toEqual(expected);
  });
});

describe('a changed Service', () => {
  test('keeps what was allocated when the client leaves it out', () => {
    const old = make({ ports: PORTS, type: 'NodePort' });
    const changed = update(SERVICES, old, {
      change: (draft) => {
        draft['spec'] = { type: 'NodePort', ports: [{ port: 80 }], selector: { a: 'b' } };
      },
    }) as Service;
    expect(changed.spec.clusterIP).toBe(old.spec.clusterIP);
    expect(changed.spec.clusterIPs).toEqual(old.spec.clusterIPs);
    expect(changed.spec.ports?.[0]?.nodePort).toBe(old.spec.ports?.[0]?.nodePort);
  });

  test('may not move to another address', () => {
    const old = make({ ports: PORTS, clusterIP: '10.96.0.20' });
    const move = (): unknown =>
      update(SERVICES, old, {
        change: (draft) => {
          (draft as Service).spec.clusterIP = '10.96.0.21';
        },
      });
    expect(faultsOf(move)).toEqual([
      'spec.clusterIPs[0]: Invalid value: []string{"10.96.0.21"}: may not change once set',
    ]);
  });

  test('gets node ports with the type, and gives them back with it', () => {
    const old = make({ ports: PORTS });
    const setType = (type: string) => (draft: KubeObject) => {
      (draft as Service).spec.type = type;
    };
    const open = update(SERVICES, old, { change: setType('NodePort') }) as Service;
    expect(open.spec.ports?.[0]?.nodePort).toBeGreaterThanOrEqual(30000);
    const closed = update(SERVICES, open, { change: setType('ClusterIP') }) as Service;
    expect(closed.spec).toEqual(old.spec);
  });

  test('that becomes a name outside loses its address', () => {
    const old = make({ ports: PORTS });
    const changed = update(SERVICES, old, {
      change: (draft) => {
        Object.assign((draft as Service).spec, { type: 'ExternalName', externalName: 'a.b' });
      },
    }) as Service;
    expect(changed.spec).toEqual({
      ports: old.spec.ports,
      type: 'ExternalName',
      externalName: 'a.b',
      sessionAffinity: 'None',
    });
    const back = update(SERVICES, changed, {
      change: (draft) => {
        (draft as Service).spec.type = 'ClusterIP';
        delete (draft as Service).spec.externalName;
      },
    }) as Service;
    expect(back.spec.clusterIP).toMatch(/^10\.96\./);
  });
});

test('external addresses: none, waiting, given, or a name', () => {
  const cell = (service: Service): unknown => SERVICES.columns[3]!.cell(service, 0);
  expect(cell(make({ ports: PORTS }))).toBe('<none>');
  const balanced = make({ ports: PORTS, type: 'LoadBalancer' });
  expect(cell(balanced)).toBe('<pending>');
  expect(cell({ ...balanced, status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } })).toBe(
    '192.0.2.1',
  );
  expect(cell(make({ type: 'ExternalName', externalName: 'example.com' }))).toBe('example.com');
});
