import type { Admission, AdmissionRequest } from './admission.js';

/** A point on the way of a write where somebody outside of this process may be asked, which takes time. */
export interface Question {
  /** `mutate-again`: something was changed since the first time. */
  step: 'mutate' | 'mutate-again' | 'validate';
  request: AdmissionRequest;
}

/** `changed`: there is another object in the request now. */
export type Answer = 'nobody asked' | 'asked' | 'changed';

/** A write that stops at each question. What it found before, it must look at again where somebody was asked. */
export type WriteSteps<Result> = Generator<Question, Result, Answer>;

/** Takes a write to its end at once; nobody outside is asked. */
export function withoutAsking<Result>(steps: WriteSteps<Result>): Result {
  let next = steps.next();
  while (next.done !== true) next = steps.next('nobody asked');
  return next.value;
}

/** All that stands between a request and the store: plugins of this process, and the questions to others between them. */
export class AdmissionChain {
  readonly #plugins: readonly Admission[];

  /** Plugins that are added to the list later count. */
  constructor(plugins: readonly Admission[]) {
    this.#plugins = plugins;
  }

  /** `changed` is called after each answer that took time; the object of the request may be another one then. */
  *mutate(request: AdmissionRequest, changed: () => void): WriteSteps<void> {
    this.#run('mutate', request);
    const answer = yield { step: 'mutate', request };
    if (answer === 'nobody asked') return;
    changed();
    if (answer === 'asked') return;
    // What was added has its defaults and limits as well, and whoever wants to sees it once more.
    if (request.object !== undefined) request.definition.applyDefaults(request.object);
    this.#run('mutate', request);
    if ((yield { step: 'mutate-again', request }) !== 'nobody asked') changed();
  }

  /** `waited` is called where others were asked; plugins then look again: quotas and rights are those of the moment of the write. */
  *approve(request: AdmissionRequest, waited: () => void): WriteSteps<void> {
    this.#run('validate', request);
    if ((yield { step: 'validate', request }) === 'nobody asked') return;
    waited();
    this.#run('validate', request);
  }

  #run(step: 'mutate' | 'validate', request: AdmissionRequest): void {
    for (const plugin of this.#plugins) plugin[step]?.(request);
  }
}
