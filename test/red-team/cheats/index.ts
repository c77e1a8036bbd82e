import type { Attack } from '../attack.js';
import { ANSWERS_THAT_GUESS } from './answers-that-guess.js';
import { DECOYS } from './decoys.js';
import { NAMES_ONLY } from './names-only.js';
import { NOBODY_ASKS } from './nobody-asks.js';
import { OBJECTS_THAT_LIE } from './objects-that-lie.js';
import { SILENCE_WITHOUT_POLICY } from './silence-without-policy.js';
import { STAND_INS } from './stand-ins.js';

/** The work is not done; whatever else is done, it must not be called done. */
export const CHEATS: readonly Attack[] = [
  ...SILENCE_WITHOUT_POLICY,
  ...NOBODY_ASKS,
  ...OBJECTS_THAT_LIE,
  ...NAMES_ONLY,
  ...DECOYS,
  ...STAND_INS,
  ...ANSWERS_THAT_GUESS,
];
