import { nearestNames } from './nearest.js';

test('a typing mistake finds the name that was meant, best first', () => {
  expect(nearestNames('deny-al', ['deny-all', 'deploy-calico', 'curl-pods'])).toEqual(['deny-all']);
  expect(nearestNames('reachabilty', ['reachability', 'resource'])).toEqual(['reachability']);
  expect(nearestNames('wbe', ['web', 'db'])).toEqual(['web']);
});

test('nothing is suggested where nothing is close', () => {
  expect(nearestNames('frobnicate', ['deny-all', 'web'])).toEqual([]);
});
