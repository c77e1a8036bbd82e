import type { LabResult } from '../../common/verdict.js';

/** The result as it is, with its signature, for other programs. */
export function reportJson(result: LabResult): string {
  return `${JSON.stringify(result, null, 2)}\n`;
}
