import { expect, test } from './support/fixtures.js';
import { pointsOf, startLab, terminalText, type } from './support/lab.js';

test('the instructor sees who works where, and ends and resets labs with one click and a yes', async ({
  owner,
  learner,
}) => {
  const page = await owner.newPage();
  await page.goto('/instructor');
  await expect(page.locator('#no-sessions')).toBeVisible();
  await startLab(learner, 'Deny all, and what breaks');
  const row = page.locator('#sessions tbody tr');
  await expect(row).toHaveCount(1);
  await expect(row).toContainText('Deny all, and what breaks');
  await expect(row).toContainText('1 of 4');
  await expect(row).toContainText(`0 of ${await pointsOf('09-deny-all')}`);
  await expect(row).toContainText('ready');

  const find = page.getByLabel('Find a learner, a lab or a class');
  await find.fill('scooter');
  await expect(row).toBeHidden();
  await find.fill('monday DENY');
  await expect(row).toBeVisible();
  await page.getByRole('button', { name: 'Idle', exact: true }).click();
  await expect(page.getByRole('columnheader', { name: 'Idle' })).toHaveAttribute(
    'aria-sort',
    'ascending',
  );

  await type(learner, 'touch leftover');
  await row.getByRole('button', { name: /^Reset/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Reset the lab' }).click();
  await expect(terminalText(learner)).toContainText('The lab was reset', { timeout: 60_000 });

  await expect(row).toContainText('ready');
  await expect(find).toHaveValue('monday DENY');
  await row.getByRole('button', { name: /^End/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await expect(row).toHaveCount(1);
  await row.getByRole('button', { name: /^End/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'End the lab' }).click();
  await expect(page.locator('#no-sessions')).toBeVisible();
  await expect(learner.getByText('This lab has ended')).toBeVisible();
  await page.close();
});

test('a server that is started again finds the labs, their clusters and their scores', async ({
  learner,
  gatehouse,
}) => {
  await startLab(learner, 'Deny all, and what breaks');
  await type(learner, 'touch kept-in-the-home; kubectl create namespace mine');
  await gatehouse.restart();
  await expect(terminalText(learner)).toContainText('The server was restarted', {
    timeout: 60_000,
  });
  await type(learner, 'ls; kubectl get namespace mine');
  await expect(terminalText(learner)).toContainText('kept-in-the-home');
  await expect(terminalText(learner)).toContainText('Active');
});
