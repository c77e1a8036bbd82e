import type { KubeObject } from '../cluster-api.js';
import { describeRecorded, listRecorded, readRecorded } from './test-support/recorded.js';
import { definitionOf, withoutNulls } from './test-support/recorded-definitions.js';
import { apiVersionOf } from '../api-version.js';

interface Table {
  columnDefinitions: { name: string; type: string; format: string; priority: number }[];
  rows: { cells: unknown[]; object: { metadata: { name: string; namespace?: string } } }[] | null;
}

const DURATION = /^(\d+[smhdy])+$|^<unknown>$/;

describeRecorded('columns of kubectl get', () => {
  const files = ['tables', 'live/tables'].flatMap((folder) =>
    listRecorded(folder)
      .filter((file) => !file.includes('__ns') && definitionOf(file) !== undefined)
      .map((file) => [`${folder}/${file}`, definitionOf(file)!] as const),
  );

  test.each(files)('%s has the recorded columns', (file, definition) => {
    const { columnDefinitions } = readRecorded<Table>(file);
    expect(
      definition.columns.map(({ name, type, format = '', priority }) => ({
        name,
        type,
        format,
        priority,
      })),
    ).toEqual(
      columnDefinitions.map(({ name, type, format, priority }) => ({
        name,
        type,
        format,
        priority,
      })),
    );
  });

  const withLists = ['', 'live/'].flatMap((base) =>
    listRecorded(`${base}lists`)
      .filter(
        (file) => listRecorded(`${base}tables`).includes(file) && definitionOf(file) !== undefined,
      )
      .map(
        (file) => [`${base}tables/${file}`, `${base}lists/${file}`, definitionOf(file)!] as const,
      ),
  );

  test.each(withLists)('the cells of %s are as recorded', (table, list, definition) => {
    const { items } = readRecorded<{ items: KubeObject[] | null }>(list);
    const apiVersion = apiVersionOf(definition);
    for (const row of readRecorded<Table>(table).rows ?? []) {
      const { name, namespace } = row.object.metadata;
      const object = (items ?? []).find(
        ({ metadata }) => metadata.name === name && metadata.namespace === namespace,
      );
      if (object === undefined) continue;
      const shown = withoutNulls({ ...object, apiVersion, kind: definition.kind });
      const cells = definition.columns.map((one) => one.cell(shown, Date.now()));
      expect(cells.map(timeless)).toEqual(row.cells.map(timeless));
    }
  });
});

/** Ages differ by when they were taken. */
function timeless(cell: unknown): unknown {
  if (typeof cell !== 'string') return cell;
  if (DURATION.test(cell)) return 'AGE';
  return cell.replace(/\((\d+[smhdy])+ ago\)/, '(AGE ago)');
}
