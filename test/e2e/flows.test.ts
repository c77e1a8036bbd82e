import { AxeBuilder } from '@axe-core/playwright';
import { expect, test } from './support/fixtures.js';
import { check, giveAnswer, startLab, type } from './support/lab.js';

const CURL = 'kubectl exec -n dev-ns client -- curl -s -m 1 -o /dev/null http://web.prod-ns';

test('the learner watches who talks to whom, and why; what checks send is not among it', async ({
  learner: page,
}) => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await startLab(page, 'Deny all, and what breaks');
  await page.goto('/labs/05-networking/09-deny-all/close-ingress');
  expect(asked.filter((path) => path.endsWith('/session/flows'))).toEqual([]);

  const panel = page.getByRole('region', { name: 'Network flows' });
  const rows = panel.locator('tbody tr');
  const row = (verdict: string) =>
    rows
      .filter({ hasText: verdict })
      .filter({ hasText: /dev-ns.*prod-ns/ })
      .filter({ hasText: /TCP/ });
  await page.getByRole('button', { name: 'Network flows', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Network flows' })).toBeFocused();
  await type(page, CURL);
  await expect(row('Allowed').first()).toContainText('no policy isolates');

  await giveAnswer(page, '09-deny-all/solution/close-ingress');
  await type(page, CURL);
  await expect(row('Denied').first()).toContainText('prod-ns/');
  await expect(rows.first()).toContainText('Denied');
  await panel.getByLabel('Denied only').check();
  await expect(row('Allowed').first()).toBeHidden();
  await expect(row('Denied').first()).toBeVisible();
  await panel.getByRole('searchbox').fill('-prod-ns');
  await expect(row('Denied').first()).toBeHidden();
  await panel.getByRole('searchbox').fill('');
  await panel.getByLabel('Denied only').uncheck();

  const sent = await rows.filter({ hasText: /batch/ }).count();
  await panel.getByRole('button', { name: 'Pause' }).click();
  expect(await check(page)).toBe('Step passed');
  await type(page, `${CURL}:9999`);
  await expect(panel.getByText(/^Paused; [1-9]/)).toBeVisible();
  await panel.getByRole('button', { name: 'Go on' }).click();
  await expect(rows.filter({ hasText: 'TCP 9999' })).toHaveCount(1);
  // The check asked about the batch namespace too; the learner never did.
  expect(await rows.filter({ hasText: /batch/ }).count()).toBe(sent);

  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    await page.screenshot({ path: `test-results/shots/flows-${colorScheme}.png` });
  }
  for (const [width, height] of [
    [360, 740],
    [640, 400],
  ] as const) {
    await page.setViewportSize({ width, height });
    await page.getByRole('button', { name: 'Terminal', exact: true }).click();
    await expect(rows.first()).toBeInViewport();
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBe(width);
    await page.screenshot({ path: `test-results/shots/flows-${width}.png` });
  }

  await page.reload();
  await page.getByRole('button', { name: 'Terminal', exact: true }).click();
  await expect(rows.first()).toBeAttached();
  await page.getByRole('button', { name: 'Close network flows' }).press('Enter');
  await expect(panel).toBeHidden();
});
