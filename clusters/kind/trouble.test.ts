import { type Found, stateOf } from './records.js';
import { containerTrouble } from './trouble.js';

test.each<[string, string[], string | undefined]>([
  ['all run', ['running', 'running', 'running'], undefined],
  ['a node is paused', ['running', 'running', 'paused'], 'resting'],
  ['the workstation has stopped', ['exited', 'running', 'running'], 'resting'],
  ['a node is gone', ['running', 'running'], 'damaged'],
  ['it is in the making', ['created', 'running'], undefined],
])('what Docker tells of a cluster of which %s', (_, [record = '', ...nodes], state) => {
  const container = (at: string) => ({ name: 'x', state: at, ports: '', labels: {} });
  const found: Found = {
    name: 'x',
    kindName: 'gh-x',
    record: container(record),
    nodes: nodes.map(container),
    isLeftover: false,
    info: {
      name: 'x',
      provider: 'kind',
      nodes: 2,
      cni: 'calico',
      labels: {},
      createdAt: '',
      state: stateOf({
        record: { state: record },
        nodes: nodes.map(container),
        doing: undefined,
        wanted: 2,
      }),
    },
  };
  expect(containerTrouble(found)?.state).toBe(state);
});
