import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from './support/fixtures.js';
import { check, startLab, terminalText } from './support/lab.js';

/** Nothing sticks out sideways: what is wide scrolls in a place of its own. */
async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const wider = await page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
  expect(wider).toBeLessThanOrEqual(0);
}

// 200 % on a screen of 1280 by 800 leaves as many CSS pixels as this.
const SCREENS = [
  { name: '360', width: 360, height: 740 },
  { name: '200-percent', width: 640, height: 400 },
];

for (const { name, width, height } of SCREENS) {
  test(`everything can be read and done at ${width} by ${height}`, async ({ learner }) => {
    await learner.setViewportSize({ width, height });
    await learner.goto('/');
    await expectNoSidewaysScroll(learner);
    await learner.screenshot({ path: `test-results/shots/small-${name}-home.png`, fullPage: true });
    await learner.getByRole('link', { name: 'Deny all, and what breaks' }).click();
    await expectNoSidewaysScroll(learner);
    await learner.screenshot({ path: `test-results/shots/small-${name}-lab.png`, fullPage: true });
    await learner.getByRole('button', { name: /Start/ }).click();
    await expect(learner.locator('#check-button')).toBeEnabled({ timeout: 60_000 });
    await expectNoSidewaysScroll(learner);
    await learner.screenshot({ path: `test-results/shots/small-${name}-step.png` });
    await check(learner);
    await expectNoSidewaysScroll(learner);
    await learner.screenshot({ path: `test-results/shots/small-${name}-checked.png` });
    expect((await new AxeBuilder({ page: learner }).analyze()).violations).toEqual([]);
    await learner.getByRole('button', { name: 'Run in terminal' }).first().click();
    await expect(terminalText(learner)).toContainText('kubectl exec');
    await expectNoSidewaysScroll(learner);
    await learner.waitForTimeout(1500);
    await learner.screenshot({ path: `test-results/shots/small-${name}-terminal.png` });
    await learner.getByRole('button', { name: 'Instructions' }).click();
    await expect(learner.locator('.lesson-title')).toBeVisible();
  });
}

test('the instructor sees the class at 360 pixels', async ({ owner, learner }) => {
  await startLab(learner, 'Deny all, and what breaks');
  const page = await owner.newPage();
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto('/instructor');
  await expectNoSidewaysScroll(page);
  await page.screenshot({ path: 'test-results/shots/small-360-instructor.png', fullPage: true });
  await page.close();
});
