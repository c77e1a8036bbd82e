import { hideApplets } from './busybox-folder.js';

const table = (...names: string[]): Buffer =>
  Buffer.from(`code\0${names.join('\0')}\0code`, 'latin1');

test('applets that ours replace get another name, and the table stays in order', () => {
  const names = ['nameif', 'nc', 'netstat', 'pidof', 'ping', 'ping6', 'wc', 'wget', 'which'];
  const changed = hideApplets(table(...names), names);
  expect(
    changed.equals(
      table('nameif', 'nb', 'netstat', 'pidof', 'pinf', 'ping6', 'wc', 'wges', 'which'),
    ),
  ).toBe(true);
});

test('a name stays where its neighbour would come out of order, or the table looks otherwise', () => {
  const close = ['wges', 'wget', 'which'];
  expect(hideApplets(table(...close), close).equals(table(...close))).toBe(true);
  const other = Buffer.from('no table of names: wget');
  expect(hideApplets(other, ['wc', 'wget', 'which']).equals(other)).toBe(true);
});
