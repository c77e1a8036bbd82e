import type { Page } from '@playwright/test';
import { expect, test } from './support/fixtures.js';
import { check, giveAnswer, startLab } from './support/lab.js';

const LAB = '09-deny-all';

/** How many checks of the step are shown as passed. */
const passed = (page: Page) => page.locator('#results .result-passed');

test('every page shows the results of the last check, also one that heard nothing of it; the lab ends from its overview', async ({
  learner,
}) => {
  await startLab(learner, 'Deny all, and what breaks');
  const deaf = await learner.context().newPage();
  await deaf.route('**/session/events', (route) => route.abort());
  await deaf.goto(learner.url());
  await expect(deaf.locator('#results .result-open')).toHaveCount(2);

  expect(await check(learner)).toBe('Not there yet');
  await learner.evaluate('window.isTheSamePage = true');
  await giveAnswer(learner, `${LAB}/solution/look`);
  expect(await check(learner)).toBe('Step passed');
  await expect(passed(learner)).toHaveCount(2);

  await deaf.unroute('**/session/events');
  await expect(deaf.locator('.summary-headline')).toHaveText('Step passed');
  await expect(passed(deaf)).toHaveCount(2);
  await expect(deaf.locator('#check-status')).toContainText('Step passed');
  await deaf.close();
  // What waited for the first check's summary must not take the second one's place.
  await learner.waitForTimeout(2000);
  expect(await learner.evaluate('window.isTheSamePage')).toBe(true);

  await learner.goto(`/labs/05-networking/${LAB}`);
  await learner.getByRole('button', { name: 'End', exact: true }).click();
  await learner.getByRole('dialog').getByRole('button', { name: 'End the lab' }).click();
  await expect(learner.getByRole('button', { name: /^Start again/ })).toBeVisible();
});
