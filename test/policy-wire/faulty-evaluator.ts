import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { build } from 'esbuild';
import type { compile } from '../../policy/compile.js';
import type { decide } from '../../policy/decide.js';

/** What says who may talk to whom: in words, and as rules. */
export interface Evaluator {
  decide: typeof decide;
  compile: typeof compile;
}

const FOLDER = path.resolve('policy');
const require = createRequire(path.join(FOLDER, 'decide.ts'));

/** The evaluator and the compiler, with one text replaced where a fault is given; it must stand there exactly once. */
export async function loadEvaluator(fault?: {
  file: string;
  from: string;
  to: string;
}): Promise<Evaluator> {
  const result = await build({
    stdin: {
      contents: "export { decide } from './decide.js'; export { compile } from './compile.js';",
      resolveDir: FOLDER,
      loader: 'ts',
    },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'iife',
    globalName: 'subject',
    plugins: [
      {
        name: 'mutate',
        setup(building) {
          building.onLoad({ filter: /policy\/.*\.ts$/ }, async ({ path: full }) => {
            const text = await readFile(full, 'utf8');
            if (fault === undefined || full !== path.join(FOLDER, fault.file))
              return { contents: text, loader: 'ts' };
            const { file, from, to } = fault;
            const parts = text.split(from);
            if (parts.length !== 2)
              throw new Error(`${file} holds ${JSON.stringify(from)} ${parts.length - 1} times`);
            return { contents: parts.join(to), loader: 'ts' };
          });
        },
      },
    ],
  });
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- our own code, bundled a moment ago
  const evaluate = new Function('require', `${result.outputFiles[0]!.text}; return subject;`) as (
    require: NodeJS.Require,
  ) => Evaluator;
  return evaluate(require);
}
