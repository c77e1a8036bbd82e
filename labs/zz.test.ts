import { loadCatalog } from './catalog.js';
test('x', async () => {
  const c = await loadCatalog('labs');
  console.log(c.problems, c.labs.map((l) => [l.id, l.digest, l.wrong.length]));
});
