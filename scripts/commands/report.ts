import { InvalidArgumentError } from 'commander';
import { appendFile, writeFile } from 'node:fs/promises';
import type { LabResult } from '../../common/verdict.js';
import { REPORTERS, type Reporter, type ReporterName } from '../../graders/reporters/index.js';
import { wantsColours } from '../colours.js';
import { note, print } from '../output.js';

/** One way to tell a result; without a file on standard output. */
export interface Report {
  name: ReporterName;
  file?: string;
}

export const REPORT_HELP = `how to tell the result, may be repeated: ${Object.keys(REPORTERS).join(', ')}; with =FILE into a file`;

/** For commander: reads `name` or `name=file` and adds it to those before. */
export function addReport(text: string, before: readonly Report[]): Report[] {
  const at = text.indexOf('=');
  const name = at === -1 ? text : text.slice(0, at);
  const file = at === -1 ? undefined : text.slice(at + 1);
  if (!isReporterName(name)) {
    throw new InvalidArgumentError(`It must be one of ${Object.keys(REPORTERS).join(', ')}.`);
  }
  if (file === '') throw new InvalidArgumentError(`Name the file after "${name}=".`);
  return [...before, { name, ...(file === undefined ? {} : { file }) }];
}

/** Writes every report. On GitHub, `github` adds to the step's summary as well, where the runner asks for one. */
export async function reportTo(result: LabResult, reports: readonly Report[]): Promise<void> {
  for (const { name, file } of reports) {
    const tell: Reporter = REPORTERS[name];
    const text = tell(result, { colours: file === undefined && wantsColours(process.stdout) });
    if (file === undefined) print(text.trimEnd());
    else {
      await writeFile(file, text);
      note(`Written to ${file}`);
    }
    const summary = process.env['GITHUB_STEP_SUMMARY'];
    if (name === 'github' && summary !== undefined && summary !== '') {
      await appendFile(summary, REPORTERS.markdown(result));
    }
  }
}

function isReporterName(name: string): name is ReporterName {
  return Object.hasOwn(REPORTERS, name);
}
