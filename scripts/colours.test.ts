import { wantsColours } from './colours.js';

test.each([
  { where: 'a terminal', isTTY: true, wanted: true },
  { where: 'a pipe', wanted: false },
  { where: 'a pipe on CI', env: { CI: 'true', GITHUB_ACTIONS: 'true' }, wanted: false },
  { where: 'a terminal that shows none', isTTY: true, env: { TERM: 'dumb' }, wanted: false },
  { where: 'a terminal with NO_COLOR', isTTY: true, env: { NO_COLOR: '1' }, wanted: false },
  { where: 'a terminal with NO_COLOR empty', isTTY: true, env: { NO_COLOR: '' }, wanted: true },
  { where: 'a pipe with FORCE_COLOR', env: { FORCE_COLOR: '1' }, wanted: true },
  { where: 'a terminal with FORCE_COLOR=0', isTTY: true, env: { FORCE_COLOR: '0' }, wanted: false },
  { where: 'both words', isTTY: true, env: { NO_COLOR: '1', FORCE_COLOR: '1' }, wanted: false },
])('$where: colours $wanted', ({ isTTY = false, env = {}, wanted }) => {
  expect(wantsColours({ isTTY }, { TERM: 'xterm', ...env })).toBe(wanted);
});
