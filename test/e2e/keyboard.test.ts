import { expect, test } from './support/fixtures.js';
import { terminalIsReady, terminalText } from './support/lab.js';

test('a lab is started, worked in and checked with the keyboard alone', async ({
  learner: page,
}) => {
  const tabTo = async (name: RegExp): Promise<void> => {
    for (let presses = 0; presses < 60; presses += 1) {
      await page.keyboard.press('Tab');
      const focused = await page.evaluate<string>('document.activeElement?.textContent ?? ""');
      if (name.test(focused.trim())) return;
    }
    throw new Error(`Tab never came to ${String(name)}`);
  };
  await page.goto('/');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await tabTo(/^Deny all, and what breaks$/);
  await page.keyboard.press('Enter');
  await page.waitForURL(/09-deny-all$/);
  await tabTo(/^Start the lab$/);
  await page.keyboard.press('Enter');
  await page.waitForURL(/09-deny-all\/look$/);
  await terminalIsReady(page);

  await page.keyboard.press('Control+Shift+ArrowRight');
  await page.keyboard.type('echo "typed $((40+2))"\n');
  await expect(terminalText(page)).toContainText('typed 42');
  // Tab belongs to the shell, so there is a way out that is not Tab.
  await page.keyboard.press('Control+Shift+ArrowLeft');
  await expect(page.locator('#check-button')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('#check-status')).toContainText('Not there yet');
  await expect(page.locator('#check-button')).toBeFocused();

  const splitter = page.getByRole('separator', { name: 'Width of the instructions' });
  await splitter.focus();
  const before = Number(await splitter.getAttribute('aria-valuenow'));
  await page.keyboard.press('ArrowRight');
  await expect(splitter).toHaveAttribute('aria-valuenow', String(before + 2));
  await page.reload();
  await expect(splitter).toHaveAttribute('aria-valuenow', String(before + 2));
});

test('ending a lab asks first, and Escape means no', async ({ learner: page }) => {
  await page.goto('/labs/05-networking/09-deny-all');
  await page.getByRole('button', { name: /Start/ }).click();
  await terminalIsReady(page);
  const end = page.getByRole('button', { name: 'End the lab' }).first();
  await end.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: 'End this lab?' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(end).toBeFocused();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'End the lab' }).press('Enter');
  await page.waitForURL(/09-deny-all$/);
  await expect(page.getByRole('button', { name: /Start/ })).toBeVisible();
});
