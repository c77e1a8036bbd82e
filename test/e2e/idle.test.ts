import { expect, test as base } from '@playwright/test';
import { startGatehouse, type Gatehouse } from './support/gatehouse.js';
import { startLab } from './support/lab.js';

/** A server that soon loses patience. */
const test = base.extend<{ gatehouse: Gatehouse }>({
  // eslint-disable-next-line no-empty-pattern -- Playwright wants the pattern to see what a fixture needs
  gatehouse: async ({}, use) => {
    const gatehouse = await startGatehouse({
      GATEHOUSE_IDLE_MINUTES: '0.4',
      GATEHOUSE_IDLE_WARNING_MINUTES: '0.25',
      GATEHOUSE_MAX_SESSIONS_PER_LEARNER: '1',
      GATEHOUSE_CHECKS_PER_MINUTE: '2',
    });
    await use(gatehouse);
    await gatehouse.stop();
  },
  baseURL: async ({ gatehouse }, use) => {
    await use(gatehouse.url);
  },
});

test('a quiet lab warns, can be kept, and ends in the end; limits are told kindly', async ({
  gatehouse,
  page,
}) => {
  await page.goto(gatehouse.signInLink);
  await startLab(page, 'Deny all, and what breaks');

  for (let i = 0; i < 2; i += 1) {
    await page.getByRole('button', { name: 'Check', exact: true }).click();
    await expect(page.locator('#check-status')).toContainText('Not there yet');
    await expect(page.locator('#check-button')).toHaveText('Check');
  }
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await expect(page.locator('#check-status')).toContainText('Take a breath');

  const warning = page.getByText('This lab ends');
  await expect(warning).toBeVisible({ timeout: 30_000 });
  await page.screenshot({ path: 'test-results/shots/idle-warning.png' });
  await page.getByRole('button', { name: 'Keep it' }).click();
  await expect(warning).toBeHidden();

  const other = await page.context().newPage();
  await other.goto('/labs/05-networking/10-scooter-db');
  await other.getByRole('button', { name: /Start/ }).click();
  await expect(other.getByText('You have 1 lab running')).toBeVisible();
  await expect(other.getByText('End one of them first')).toBeVisible();
  await other.close();

  await expect(page.getByText('This lab has ended')).toBeVisible({ timeout: 60_000 });
  await page.screenshot({ path: 'test-results/shots/idle-ended.png' });
});
