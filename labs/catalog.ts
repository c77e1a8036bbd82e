/** Reads the folders of labs. The only file that knows their layout. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { GatehouseError, messageOf } from '../common/errors.js';
import type { Lab } from '../common/lab.js';
import { nearestNames } from '../common/nearest.js';
import { loadLab } from './load-lab.js';
import type { LabProblem } from './lab-problem.js';

export type { Lab } from '../common/lab.js';

export interface Chapter {
  /** `05-networking` */
  id: string;
  title: string;
  summary: string;
  labs: readonly Lab[];
}

export interface Catalog {
  /** The folder everything was read from. */
  root: string;
  chapters: readonly Chapter[];
  /** Those that can be served, in order of chapter and number. */
  labs: readonly Lab[];
  /** Why the others cannot. */
  problems: readonly LabProblem[];
}

const CHAPTER_FOLDER = /^\d{2}-[a-z0-9-]+$/;
const ChapterFile = z.strictObject({ title: z.string().min(1), summary: z.string().min(1) });

/** A broken lab becomes a problem and the others still load. Rejects only where `root` cannot be read. */
export async function loadCatalog(root: string): Promise<Catalog> {
  const problems: LabProblem[] = [];
  const chapters: Chapter[] = [];
  for (const id of await foldersIn(root)) {
    const folder = path.join(root, id);
    const loaded = await Promise.all(
      (await foldersIn(folder)).map((name) => loadLab(path.join(folder, name), `${id}/${name}`)),
    );
    if (loaded.length === 0) continue;
    problems.push(...loaded.flatMap((one) => one.problems));
    chapters.push({
      id,
      ...(await readChapter(folder, id, problems)),
      labs: loaded.flatMap(({ lab }) => (lab === undefined ? [] : [lab])),
    });
  }
  return { root, chapters, labs: chapters.flatMap((chapter) => chapter.labs), problems };
}

/** By full id or any tail that only one lab has: `deny-all`, `09-deny-all`. Throws LAB_NOT_FOUND naming the nearest. */
export function findLab(catalog: Pick<Catalog, 'labs'>, name: string): Lab {
  const wanted = name.replace(/^labs\//, '').replace(/\/+$/, '');
  const found = catalog.labs.filter((lab) => namesOf(lab).includes(wanted));
  const [lab] = found;
  if (lab !== undefined && found.length === 1) return lab;
  if (lab !== undefined) {
    throw new GatehouseError('LAB_NOT_FOUND', `"${name}" names ${found.length} labs`, {
      fix: `Use one of: ${found.map(({ id }) => id).join(', ')}.`,
    });
  }
  const near = nearestNames(wanted, catalog.labs.flatMap(namesOf));
  const suggestions = [
    ...new Set(near.flatMap((one) => catalog.labs.filter((other) => namesOf(other).includes(one)))),
  ];
  throw new GatehouseError('LAB_NOT_FOUND', `There is no lab "${name}"`, {
    fix:
      suggestions.length > 0
        ? `Did you mean ${suggestions.map(({ id }) => id).join(' or ')}?`
        : `There are: ${catalog.labs.map(({ id }) => id).join(', ') || 'none'}.`,
  });
}

/** The lab with the values that this seed draws; the same lab where it has none. Throws BAD_LAB where it cannot be read any more. */
export async function seededLab(
  { root }: Pick<Catalog, 'root'>,
  lab: Lab,
  seed: string,
): Promise<Lab> {
  if (lab.drawn === undefined || lab.drawn.seed === seed) return lab;
  const { lab: seeded, problems } = await loadLab(path.join(root, lab.id), lab.id, seed);
  if (seeded !== undefined) return seeded;
  throw new GatehouseError(
    'BAD_LAB',
    `the lab ${lab.id} cannot be read: ${problems[0]?.message ?? ''}`,
    {
      fix: 'See what scripts/gatehouse lab lint says.',
    },
  );
}

function namesOf(lab: Lab): string[] {
  return [lab.id, `${lab.number}-${lab.slug}`, lab.slug];
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && CHAPTER_FOLDER.test(entry.name))
    .map((entry) => entry.name)
    .sort();
}

async function readChapter(
  folder: string,
  id: string,
  problems: LabProblem[],
): Promise<z.infer<typeof ChapterFile>> {
  try {
    return ChapterFile.parse(parse(await readFile(path.join(folder, 'chapter.yaml'), 'utf8')));
  } catch (error) {
    problems.push({
      lab: id,
      file: `${id}/chapter.yaml`,
      line: 1,
      column: 1,
      message: `the chapter cannot be described: ${error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error)}`,
      fix: 'Write a file chapter.yaml with the two lines "title: …" and "summary: …".',
    });
    return { title: id.replace(/^\d+-/, ''), summary: '' };
  }
}
