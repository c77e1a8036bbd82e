import { expect, test } from './support/fixtures.js';
import { check, giveAnswer, pointsOf, startLab } from './support/lab.js';

const LAB = '10-scooter-db';

test('a wrong answer is told with its reason, and the right one after it counts in full', async ({
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
  await expect(failed.getByText('Hint 2')).toBeHidden();
  await failed.getByText('Hint 1').click();
  await failed.getByText('Hint 2').click();
  await learner.screenshot({ path: 'test-results/shots/scooter-wrong.png' });

  await giveAnswer(learner, `${LAB}/solution/three-doors`);
  expect(await check(learner)).toBe('Step passed');
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
  await expect(row).toContainText(`${points}/${points}`);
});
