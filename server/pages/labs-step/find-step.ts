import { GatehouseError } from '../../../common/errors.js';
import type { Lab, LabStep } from '../../../common/lab.js';

/** Throws NOT_FOUND, naming the steps there are. */
export function findStep(lab: Lab, id: string | undefined): LabStep {
  const step = lab.steps.find((each) => each.id === id);
  if (step !== undefined) return step;
  throw new GatehouseError('NOT_FOUND', `this lab has no step "${id ?? ''}"`, {
    fix: `Its steps are ${lab.steps.map((each) => each.id).join(', ')}.`,
  });
}
