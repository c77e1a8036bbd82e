import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { REPORTERS } from '../../graders/reporters/index.js';
import { HOSTILE_RESULT, SAMPLE_RESULT } from '../../graders/reporters/sample-result.js';
import { expect, test } from './support/fixtures.js';
import { check, startLab } from './support/lab.js';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Every rule, in light and in dark; a picture of each for people to look at. */
async function expectNoViolation(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
    const told = violations.map(
      ({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.map(({ html }) => html).join('\n  ')}`,
    );
    expect(told, `${name}, ${colorScheme}`).toEqual([]);
    await page.screenshot({ path: `test-results/shots/${name}-${colorScheme}.png` });
  }
  await page.emulateMedia({ colorScheme: 'light' });
}

test('no page of a learner has an accessibility violation, in light or dark', async ({
  learner,
}) => {
  await expectNoViolation(learner, 'home');
  await learner.goto('/labs/05-networking/09-deny-all');
  await expectNoViolation(learner, 'lab');
  await learner.goto('/labs/05-networking/09-deny-all/close-ingress');
  await expectNoViolation(learner, 'step-not-started');
  await learner.goto('/labs/05-networking/nowhere');
  await expectNoViolation(learner, 'not-found');
  await startLab(learner, 'Deny all, and what breaks');
  await expectNoViolation(learner, 'step');
  await check(learner);
  await expectNoViolation(learner, 'step-failed');
  await learner.getByRole('button', { name: 'Reset the lab' }).click();
  await expectNoViolation(learner, 'dialog');
  await learner.getByRole('button', { name: 'Cancel' }).click();
  await learner.goto('/labs/05-networking/09-deny-all/close-ingress');
  await check(learner);
  await expectNoViolation(learner, 'step-matrix');
  await learner.goto('/');
  await expectNoViolation(learner, 'home-running');
});

test('no page of an instructor has an accessibility violation', async ({ owner, learner }) => {
  await startLab(learner, 'Deny all, and what breaks');
  const page = await owner.newPage();
  await page.goto('/instructor');
  await expect(page.locator('#sessions tbody tr')).toHaveCount(1);
  await expectNoViolation(page, 'instructor');
  await page
    .getByRole('button', { name: /Sign-in link/ })
    .first()
    .click();
  await expectNoViolation(page, 'instructor-link');
  await page.close();
});

test('no page of a stranger has an accessibility violation', async ({
  browser,
  gatehouse,
  classLink,
}) => {
  const context = await browser.newContext({ baseURL: gatehouse.url });
  const page = await context.newPage();
  await page.goto('/');
  await expectNoViolation(page, 'sign-in');
  await page.goto('/sign-in?token=used');
  await expectNoViolation(page, 'sign-in-used');
  await page.goto(classLink);
  await expectNoViolation(page, 'join');
  await context.close();
});

test('the HTML report of a grade has no accessibility violation', async ({ page }) => {
  for (const [name, result] of Object.entries({ sample: SAMPLE_RESULT, hostile: HOSTILE_RESULT })) {
    await page.setContent(REPORTERS.html(result));
    await expectNoViolation(page, `report-${name}`);
  }
});
