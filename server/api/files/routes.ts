import { GatehouseError } from '../../../common/errors.js';
import type { Placeholder, StepBlock } from '../../../common/step-text.js';
import { isPlaceholder } from '../../../labs/step-text.js';
import type { ServerContext } from '../../context.js';
import { finish } from '../../http/finish.js';
import { placeholderValues } from '../../pages/labs-step/placeholder-values.js';
import { findStep } from '../../pages/labs-step/find-step.js';

type FileBlock = Extract<StepBlock, { type: 'file' }>;

/** A step's file block, put into the learner's home. The text is the lab's own: the page only says which one. */
export function serveFiles({ serve, getLab, sessions, settings }: ServerContext): void {
  serve(
    'POST /labs/:chapter/:lab/steps/:step/files/:index',
    async ({ request, response, user, params }) => {
      const lab = await getLab(params, user);
      const step = findStep(lab, params['step']);
      const live = sessions.get(user.id, lab.id);
      const shown = fileBlocks(step.text.blocks, settings.provider);
      const file = shown[Number(params['index'])];
      if (file === undefined) {
        throw new GatehouseError('NOT_FOUND', 'this step has no such file', {
          fix: 'Reload the page.',
        });
      }
      sessions.touch(live);
      const cluster = await live.cluster();
      const result = await cluster.run(
        writeScript(file, placeholderValues({ lab, user, live, settings })),
        { timeoutMs: 10_000 },
      );
      if (result.exitCode !== 0) {
        throw new GatehouseError('CLUSTER_FAILED', `${file.path} could not be written`, {
          fix: result.stderr.trim() || 'Is your home full? Delete something and try again.',
        });
      }
      finish(
        { request, response },
        { redirect: `/labs/${lab.id}/${step.id}`, data: { path: file.path } },
      );
    },
  );
}

/** The file blocks that the page shows, in its order: it names them by their number. */
function fileBlocks(blocks: readonly StepBlock[], provider: string): FileBlock[] {
  return blocks.flatMap((block) => {
    if (block.type === 'file') return [block];
    return block.type === 'provider' && block.provider === provider
      ? fileBlocks(block.blocks, provider)
      : [];
  });
}

function writeScript(
  { path, text }: FileBlock,
  values: Readonly<Record<Placeholder, string>>,
): string {
  const filled = text.replaceAll(/\{\{\s*([^}]*?)\s*\}\}/g, (whole, name: string) =>
    isPlaceholder(name) ? values[name] : whole,
  );
  const encoded = Buffer.from(filled).toString('base64');
  const target = quote(path);
  return `cd && mkdir -p -- "$(dirname -- ${target})" && printf %s ${encoded} | base64 -d > ${target}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
