import { jest } from '@jest/globals';
import { describeProvider } from '../provider.contract.js';
import { createKindUnderTest } from './provider-fixture.js';

jest.setTimeout(180_000);

describeProvider('kind', () => createKindUnderTest());
