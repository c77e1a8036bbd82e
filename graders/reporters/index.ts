import type { LabResult } from '../../common/verdict.js';
import { reportCtrf } from './ctrf.js';
import { reportGithub } from './github.js';
import { reportGradescope } from './gradescope.js';
import { reportHtml } from './html.js';
import { reportJson } from './json.js';
import { reportJunit } from './junit.js';
import { reportMarkdown } from './markdown.js';
import { reportTap } from './tap.js';
import { reportText } from './text.js';

/** A result as a text that ends with a line break. `colours` matter to terminals only. */
export type Reporter = (result: LabResult, options: { colours: boolean }) => string;

export const REPORTERS = {
  text: reportText,
  json: reportJson,
  junit: reportJunit,
  ctrf: reportCtrf,
  tap: reportTap,
  gradescope: reportGradescope,
  github: reportGithub,
  markdown: reportMarkdown,
  html: reportHtml,
} as const satisfies Record<string, Reporter>;
export type ReporterName = keyof typeof REPORTERS;
