import { PLATFORM_USER } from '../auth/identity.js';
import { AdmissionChain, withoutAsking } from '../registry/admission-chain.js';
import type { WriteSteps } from '../registry/admission-chain.js';
import type { Admission, AdmissionRequest } from '../registry/admission.js';
import { askedBy } from '../registry/client-writer.js';
import type { OpenInquiry } from '../registry/client-writer.js';

/** Asks about what is no write of an object: a connection to a pod, an eviction, a binding, a token. Rejects with ApiError. */
export type AdmitAction = (request: AdmissionRequest) => Promise<void>;

/** Policies and webhooks have a say; what knows objects only has none. */
export function createActionAdmission(parts: {
  policies: Admission;
  inquiries: OpenInquiry;
}): AdmitAction {
  const chain = new AdmissionChain([parts.policies]);
  return async (request) => {
    // What graders do for a moment is nothing that a learner's policies may refuse.
    if (request.user.username === PLATFORM_USER) return;
    const inquiry = parts.inquiries(request.user);
    if (inquiry === undefined) withoutAsking(steps(chain, request));
    else await askedBy(steps(chain, request), inquiry);
  };
}

function* steps(chain: AdmissionChain, request: AdmissionRequest): WriteSteps<void> {
  const same = (): void => undefined;
  yield* chain.mutate(request, same);
  yield* chain.approve(request, same);
}
