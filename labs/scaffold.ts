import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { GatehouseError } from '../common/errors.js';
import { SCAFFOLD_FILES } from './scaffold-files.js';

const TARGET = /^(\d{2}-[a-z0-9-]+)\/(\d{2})-([a-z0-9-]+)$/;

/**
 * Makes the folder of a new lab, small and complete: it loads, passes lint and proves itself. Returns the files
 * it wrote, relative to `root`. Rejects with BAD_REQUEST for a bad name and never touches a folder that exists.
 */
export async function scaffoldLab(root: string, target: string): Promise<string[]> {
  const match = TARGET.exec(target.replace(/^labs\//, '').replace(/\/+$/, ''));
  if (match === null) {
    throw new GatehouseError('BAD_REQUEST', `"${target}" cannot be a lab's folder`, {
      fix: 'Write <chapter>/<nn>-<name> in lower case, for example 05-networking/17-my-lab.',
    });
  }
  const [id, chapter = '', number = '', slug = ''] = match;
  await refuseTakenNumber(path.join(root, chapter), number);
  const written: string[] = [];
  const write = async (name: string, text: string) => {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(path.join(root, name), text, { flag: 'wx' });
    written.push(name);
  };
  if (!(await filesIn(path.join(root, chapter))).includes('chapter.yaml')) {
    const title = sentence(chapter.replace(/^\d+-/, ''));
    await write(
      `${chapter}/chapter.yaml`,
      `title: ${title}\nsummary: What this chapter is about, in one sentence.\n`,
    );
  }
  for (const [name, text] of Object.entries(SCAFFOLD_FILES)) {
    await write(`${id}/${name}`, text.replaceAll('TITLE', sentence(slug)));
  }
  return written;
}

async function refuseTakenNumber(chapter: string, number: string): Promise<void> {
  const taken = (await filesIn(chapter)).find((name) => name.startsWith(`${number}-`));
  if (taken === undefined) return;
  throw new GatehouseError('BAD_REQUEST', `The number ${number} is taken by ${taken}`, {
    fix: 'Choose another number, or remove that folder.',
  });
}

async function filesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}

function sentence(slug: string): string {
  const words = slug.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
