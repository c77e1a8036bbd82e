import { parseManifests } from './kube-yaml.js';

const LABELS = (value: string) =>
  `apiVersion: v1\nkind: Pod\nmetadata:\n  labels:\n    a: ${value}\n`;
const labelOf = (value: string) => {
  const { objects, problems } = parseManifests(LABELS(value));
  expect(problems).toEqual([]);
  return (objects[0]?.['metadata'] as { labels: { a: unknown } }).labels.a;
};

test('scalars are read as kubectl reads them', () => {
  expect(labelOf('yes')).toBe(true);
  expect(labelOf('off')).toBe(false);
  expect(labelOf('0755')).toBe(493);
  expect(labelOf('"yes"')).toBe('yes');
});

test('dates and base-60 numbers stay text', () => {
  expect(labelOf('2026-01-02')).toBe('2026-01-02');
  expect(labelOf('12:30')).toBe('12:30');
});

test('documents, empty ones and lists become one list of objects', () => {
  const text =
    '---\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod}\n---\napiVersion: v1\nkind: Service\n';
  expect(parseManifests(text).objects.map(({ kind }) => kind)).toEqual(['Pod', 'Service']);
});

test('what is no object is told with its place', () => {
  expect(parseManifests('apiVersion: v1\nkind: Pod\n---\n- a\n').problems).toEqual([
    { message: 'not a Kubernetes object', line: 4, column: 1 },
  ]);
  expect(parseManifests('a: 1\n').problems[0]?.message).toBe('apiVersion and kind are missing');
  expect(parseManifests('a: [1\n').problems[0]).toMatchObject({ line: 2 });
});
