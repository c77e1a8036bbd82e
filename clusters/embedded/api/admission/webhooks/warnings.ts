import type { AdmissionRequest } from '../../registry/admission.js';

/** Longer warnings are cut, and no more than so many are told: they travel in the answer's head. */
const LONGEST = 256;
const MOST = 16;

/** Passes a webhook's warnings on to the client. */
export function tellWarnings(request: AdmissionRequest, warnings: readonly string[]): void {
  for (const warning of warnings.slice(0, MOST)) {
    const text = warning.trim();
    if (text === '') continue;
    request.warn(text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text);
  }
}
