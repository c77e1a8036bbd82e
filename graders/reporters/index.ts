import type { LabResult } from '../../common/verdict.js';
import { reportJson } from './json.js';
import { reportJunit } from './junit.js';
import { reportText } from './text.js';

/** A result as a text that ends with a line break. `colours` matter to terminals only. */
export type Reporter = (result: LabResult, options: { colours: boolean }) => string;

export const REPORTERS = {
  text: reportText,
  json: reportJson,
  junit: reportJunit,
} as const satisfies Record<string, Reporter>;
export type ReporterName = keyof typeof REPORTERS;
