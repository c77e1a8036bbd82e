import { expect, test } from './support/fixtures.js';
import { pointsOf } from './support/lab.js';

test.use({ javaScriptEnabled: false });

test('reading, starting, checking and ending work without scripts', async ({ learner: page }) => {
  await page.getByRole('link', { name: 'Deny all, and what breaks' }).click();
  await page.getByRole('button', { name: /Start/ }).click();
  await page.waitForURL(/look$/);
  for (let tries = 0; tries < 60; tries += 1) {
    if (await page.locator('#check-button').isEnabled()) break;
    await page.waitForTimeout(500);
    await page.reload();
  }
  for (const value of ['prod-web', 'dev-client', 'batch-worker']) {
    await page.locator(`[name="answer.who-reaches"][value="${value}"]`).check();
  }
  await page.locator('[name="answer.how-many"]').fill('0');
  await page.getByRole('button', { name: 'Check' }).click();
  await expect(page).toHaveURL(/look#results$/);
  await expect(page.locator('.summary-headline')).toHaveText('Step passed');
  await page.screenshot({ path: 'test-results/shots/without-scripts.png' });
  await page.goto('/labs/05-networking/09-deny-all');
  await page.getByRole('button', { name: 'End' }).click();
  await expect(page.getByRole('heading', { name: 'End this lab?' })).toBeVisible();
  await page.screenshot({ path: 'test-results/shots/confirm-page.png' });
  await page.getByRole('button', { name: 'End the lab' }).click();
  await expect(page.getByRole('button', { name: /Start/ })).toBeVisible();
  await expect(page.getByText(`3 of ${await pointsOf('09-deny-all')} points`)).toBeVisible();
});
