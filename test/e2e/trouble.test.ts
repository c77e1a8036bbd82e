import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from './support/fixtures.js';
import { check, giveAnswer, startLab, terminalIsReady, terminalText, type } from './support/lab.js';

const LAB = '09-deny-all';

test('a cluster that breaks says so on the page, in the terminal and to the class, and comes back; no score is lost', async ({
  learner,
  owner,
  gatehouse,
}) => {
  await startLab(learner, 'Deny all, and what breaks');
  await giveAnswer(learner, `${LAB}/solution/look`);
  expect(await check(learner)).toBe('Step passed');
  const score = await learner.locator('#step-score').innerText();
  const said = learner.locator('.trouble[role="status"]');
  await expect(said).toHaveText('Reset the cluster'); // hidden with its words
  await expect(said.getByRole('button')).toBeHidden();

  process.kill(agentBelow(gatehouse.stateDir), 'SIGKILL');
  await expect(said).toContainText('Your cluster was started again.');
  await expect(terminalText(learner)).toContainText('Your cluster was started again');
  await learner.screenshot({ path: 'test-results/shots/trouble-restarted.png' });
  expect(await check(learner)).toBe('Step passed');
  await expect(learner.locator('#step-score')).toHaveText(score);

  await learner.getByRole('button', { name: 'New terminal' }).click();
  await terminalIsReady(learner);
  await type(learner, 'kubectl --namespace kube-system delete deployment coredns');
  await expect(said).toContainText('Your cluster is damaged.');
  await expect(said).toContainText('In kube-system the Deployment coredns is missing.');
  await learner.screenshot({ path: 'test-results/shots/trouble-damaged.png' });
  const instructor = await owner.newPage();
  await instructor.goto('/instructor');
  await expect(instructor.locator('.badge-damaged')).toHaveText('damaged');
  await instructor.close();

  await said.getByRole('button', { name: 'Reset the cluster' }).click();
  await learner.getByRole('button', { name: 'Reset the lab' }).last().click();
  await expect(terminalText(learner)).toContainText('The lab was reset');
  await expect(said.getByRole('button')).toBeHidden();
  await expect(learner.locator('#step-score')).toHaveText(score);
});

/** The process that all of a cluster's processes live under. */
function agentBelow(stateDir: string): number {
  const pid = readdirSync('/proc').find((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const [file = ''] = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      return file.startsWith(stateDir) && file.endsWith('/agent');
    } catch {
      return false; // it ended while we looked
    }
  });
  return Number(pid);
}
