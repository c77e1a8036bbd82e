import type { LabResult } from '../../common/verdict.js';

/** The result as it is, evidence included, for other programs and for a later regrade. */
export function reportJson(result: LabResult): string {
  return `${JSON.stringify(result, null, 2)}\n`;
}
