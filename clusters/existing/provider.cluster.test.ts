import { describeProvider } from '../provider.contract.js';
import { createExistingUnderTest } from './provider-fixture.js';

describeProvider('existing', () => createExistingUnderTest(), {
  lacks: {
    'a cluster without a plugin': 'the cluster is there already, with its plugin',
    'node shells': 'nodes are not the learner’s',
    'namespaces of the learner’s': 'a learner has those of the lab, and may make or delete none',
  },
});
