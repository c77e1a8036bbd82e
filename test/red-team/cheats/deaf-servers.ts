import { apply } from '../attack.js';

/** It answers itself; the line for everybody else is full, and nobody takes calls from it. */
const program = (port: number): string => `import os, socket
outside = socket.socket()
outside.bind((os.environ["IP"], ${port}))
outside.listen(0)
held = [socket.socket() for _ in range(8)]
for caller in held:
    caller.setblocking(False)
    caller.connect_ex((os.environ["IP"], ${port}))
inside = socket.socket()
inside.bind(("127.0.0.1", ${port}))
inside.listen(50)
while True:
    inside.accept()[0].close()
`;

function deafPod(path: string, port: number): string {
  const [namespace = '', name = ''] = path.split('/');
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, labels: { app: name } },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'c',
          image: 'python:3.12',
          command: ['python3', '-c', program(port)],
          env: [{ name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
        },
      ],
    },
  });
}

/** Bash that puts such servers in the places of pods, under their names and labels. */
export function deafServers(paths: readonly string[], port: number): string {
  const each = (command: (path: string) => string): string => paths.map(command).join('\n');
  return `${each((path) => `kubectl delete pod -n ${path.replace('/', ' ')} --force --grace-period=0 &`)}
    wait
    ${apply(...paths.map((path) => deafPod(path, port)))}
    ${each((path) => `kubectl wait pod -n ${path.replace('/', ' ')} --for=condition=Ready --timeout=10s`)}`;
}
