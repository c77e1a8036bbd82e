import { expect, test } from './support/fixtures.js';
import { paste, startLab, terminalText, type } from './support/lab.js';

test('a command block runs in the terminal once, and not again after a reload', async ({
  learner,
}) => {
  await startLab(learner, 'Deny all, and what breaks');
  await learner.getByRole('button', { name: 'Run in terminal' }).first().click();
  await expect(terminalText(learner)).toContainText('6379', { timeout: 40_000 });
  await type(learner, 'history | grep -c "^ *[0-9]* *kubectl"');
  const before = await terminalText(learner).innerText();
  await learner.reload();
  await expect(terminalText(learner)).toContainText('end 1000');
  await learner.waitForTimeout(1000);
  expect((await terminalText(learner).innerText()).trim()).toBe(before.trim());
});

test('there are several terminals; each keeps its shell through a reload', async ({ learner }) => {
  await startLab(learner, 'Deny all, and what breaks');
  await type(learner, 'place=first');
  await learner.getByRole('button', { name: 'New terminal' }).first().click();
  await expect(learner.getByRole('tab')).toHaveCount(2);
  await expect(terminalText(learner)).toContainText('$');
  await type(learner, 'place=second');
  await learner.reload();
  await expect(learner.getByRole('tab')).toHaveCount(2);
  await type(learner, 'echo "this is the $place one"');
  await expect(terminalText(learner)).toContainText('this is the first one');
  await learner.getByRole('tab', { name: 'Shell 2' }).click();
  await type(learner, 'echo "this is the $place one"');
  await expect(terminalText(learner)).toContainText('this is the second one');
  await learner.getByRole('button', { name: 'Close this terminal' }).click();
  await expect(learner.getByRole('tab')).toHaveCount(1);
});

test('two pages show one shell, and what is typed in one is seen in the other', async ({
  learner,
}) => {
  await startLab(learner, 'Deny all, and what breaks');
  const second = await learner.context().newPage();
  await second.goto(learner.url());
  await expect(terminalText(second)).toContainText('$');
  await type(second, 'echo "from $((1+1))"');
  await expect(terminalText(learner)).toContainText('from 2');
  await second.close();
});

test('a shell that ends says so, and Enter opens a new one', async ({ learner }) => {
  await startLab(learner, 'Deny all, and what breaks');
  await paste(learner, 'exit 3');
  await learner.keyboard.press('Enter');
  await expect(learner.locator('.terminal-status')).toContainText('exit code 3');
  await learner.keyboard.press('Enter');
  await type(learner, 'echo "alive $((1+1))"');
  await expect(terminalText(learner)).toContainText('alive 2');
});

test('a flood neither freezes the page nor keeps Ctrl+C from stopping it', async ({ learner }) => {
  await startLab(learner, 'Deny all, and what breaks');
  await paste(learner, 'yes');
  await learner.keyboard.press('Enter');
  await expect(terminalText(learner)).toContainText('y');
  await learner.waitForTimeout(3000);
  // The page still draws: a frame comes soon after it is asked for.
  const frameMs = await learner.evaluate<number>(`(async () => {
    const times = [];
    for (let i = 0; i < 20; i += 1) {
      const startedAt = performance.now();
      await new Promise(requestAnimationFrame);
      times.push(performance.now() - startedAt);
    }
    return times.sort((a, b) => a - b)[10];
  })()`);
  expect(frameMs).toBeLessThan(200);
  const stoppedAt = performance.now();
  await learner.keyboard.press('Control+C');
  await expect(terminalText(learner)).toContainText('^C', { timeout: 5000 });
  expect(performance.now() - stoppedAt).toBeLessThan(5000);
  await type(learner, 'echo "calm $((1+1))"');
  await expect(terminalText(learner)).toContainText('calm 2');
});

test('a reset brings the lab back to its start, with new shells and the old score', async ({
  learner,
}) => {
  await startLab(learner, 'Deny all, and what breaks');
  await type(learner, 'touch leftover; kubectl create namespace mine');
  await learner.getByRole('button', { name: 'Reset the lab' }).click();
  await learner.getByRole('dialog').getByRole('button', { name: 'Reset the lab' }).click();
  await expect(terminalText(learner)).toContainText('The lab was reset', { timeout: 60_000 });
  await type(learner, 'ls | wc -l; kubectl get namespace mine');
  await expect(terminalText(learner)).toContainText('not found');
  await type(learner, 'test -e leftover || echo "nothing is left, $((1+1)) times looked"');
  await expect(terminalText(learner)).toContainText('nothing is left, 2 times looked');
});
