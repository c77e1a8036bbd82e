import { AxeBuilder } from '@axe-core/playwright';
import { expect, test } from './support/fixtures.js';
import { check, giveAnswer, pointsOf, startLab, terminalText } from './support/lab.js';

const LAB = '10-scooter-db';

test('a wrong answer is told with its reason, a hint has its price, and the right answer after it counts less that', async ({
  learner,
}) => {
  await startLab(learner, 'A door for three');
  await giveAnswer(learner, `${LAB}/solution/look`);
  expect(await check(learner)).toBe('Step passed');
  await learner.locator('.summary').getByRole('link', { name: /Next/ }).click();

  await giveAnswer(learner, `${LAB}/wrong/label-typo`);
  expect(await check(learner)).toBe('Not there yet');
  const failed = learner.locator('[data-check="three-allowed"]');
  await expect(failed).toContainText('rides/stock → rides/db:5432/TCP should be allowed');
  await expect(failed.locator('.finding-failed')).not.toHaveCount(0);
  await failed.getByRole('button', { name: /^Run in terminal: kubectl describe/ }).click();
  await expect(terminalText(learner)).toContainText('Allowing ingress traffic');
  await expect(failed.getByRole('button', { name: /Hint 2/ })).toHaveCount(0);
  await failed.getByRole('button', { name: /Hint 1: where to look \(free\)/ }).click();
  await expect(failed.getByText('letter by letter')).toBeVisible();
  await failed.getByRole('button', { name: /Hint 2: what to do \(costs 2 points\)/ }).click();
  await learner.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await expect(failed.getByText('Three items under')).toHaveCount(0);
  await failed.getByRole('button', { name: /Hint 2/ }).click();
  await learner.getByRole('dialog').getByRole('button', { name: 'Open the hint' }).click();
  await expect(failed.getByText('Three items under')).toBeVisible();
  await learner.reload();
  await expect(failed.getByText('Three items under')).toBeVisible();
  expect((await new AxeBuilder({ page: learner }).analyze()).violations).toEqual([]);
  await learner.screenshot({ path: 'test-results/shots/scooter-wrong.png' });

  await giveAnswer(learner, `${LAB}/solution/three-doors`);
  expect(await check(learner)).toBe('Step passed');
  await expect(learner.locator('.summary')).toContainText('2 spent on hints');
  await expect(failed).toContainText('take 2 points off this check');
  const best = await learner.locator('#step-score').innerText();
  await giveAnswer(learner, `${LAB}/wrong/label-typo`);
  expect(await check(learner)).toBe('Not there yet');
  expect(await learner.locator('#step-score').innerText()).toBe(best);
  await giveAnswer(learner, `${LAB}/solution/three-doors`);

  for (const step of ['one-port', 'across']) {
    await learner.goto(`/labs/05-networking/${LAB}/${step}`);
    await giveAnswer(learner, `${LAB}/solution/${step}`);
    expect(await check(learner)).toBe('Step passed');
  }
  await learner.goto('/');
  const points = await pointsOf('10-scooter-db');
  const row = learner.locator('.lab-row', { hasText: 'A door for three' });
  await expect(row).toContainText(`${points - 2}/${points}`);
});
