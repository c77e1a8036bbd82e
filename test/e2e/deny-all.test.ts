import { expect, test } from './support/fixtures.js';
import { check, giveAnswer, pointsOf, startLab, terminalText, type } from './support/lab.js';

const LAB = '09-deny-all';
const STEPS = ['look', 'close-ingress', 'close-egress', 'repair-dns'];

test('a learner goes from the first page to full marks, with a reload on the way', async ({
  learner,
}) => {
  await startLab(learner, 'Deny all, and what breaks');
  await learner.screenshot({ path: 'test-results/shots/deny-all-1-start.png' });

  for (const [index, step] of STEPS.entries()) {
    await expect(learner).toHaveURL(new RegExp(`/${LAB}/${step}$`));
    await giveAnswer(learner, `${LAB}/solution/${step}`);
    if (step === 'close-ingress') {
      await type(learner, 'export REMEMBERED=yes-i-do');
      await learner.reload();
      await expect(terminalText(learner)).toContainText('export REMEMBERED');
      await type(learner, 'echo "do you remember? $REMEMBERED"');
      await expect(terminalText(learner)).toContainText('do you remember? yes-i-do');
      await expect(learner.locator('.mark-passed')).toHaveCount(1);
    }
    expect(await check(learner)).toBe('Step passed');
    await learner.screenshot({ path: `test-results/shots/deny-all-2-${step}.png` });
    await expect(learner.locator('.mark-passed')).toHaveCount(index + 1);
    if (index < STEPS.length - 1)
      await learner.locator('.summary').getByRole('link', { name: /Next/ }).click();
  }

  const points = await pointsOf(LAB);
  await expect(learner.locator('.summary')).toContainText(
    `The lab is done: ${points} of ${points} points in all.`,
  );
  await learner.locator('.summary').getByRole('link', { name: 'All labs' }).click();
  const row = learner.locator('.lab-row', { hasText: 'Deny all, and what breaks' });
  await expect(row).toContainText('Done');
  await expect(row).toContainText(`${points}/${points}`);
  await learner.screenshot({ path: 'test-results/shots/deny-all-3-done.png', fullPage: true });
});

test('the untouched lab earns nothing where something is to be done', async ({ learner }) => {
  await startLab(learner, 'Deny all, and what breaks');
  await learner.goto(`/labs/05-networking/${LAB}/close-ingress`);
  expect(await check(learner)).toBe('Not there yet');
  await expect(learner.locator('#step-score')).toHaveText('0');
});
