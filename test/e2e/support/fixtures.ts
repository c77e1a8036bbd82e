import { test as base, type BrowserContext, type Page } from '@playwright/test';
import { startGatehouse, type Gatehouse } from './gatehouse.js';

interface PerTest {
  /** A learner of a class, new in every test, signed in on the first page. */
  learner: Page;
}

interface PerWorker {
  gatehouse: Gatehouse;
  /** The owner's browser: instructor and admin. */
  owner: BrowserContext;
  classLink: string;
}

export const test = base.extend<PerTest, PerWorker>({
  gatehouse: [
    // eslint-disable-next-line no-empty-pattern -- Playwright wants the pattern to see what a fixture needs
    async ({}, use) => {
      const gatehouse = await startGatehouse();
      await use(gatehouse);
      await gatehouse.stop();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  owner: [
    async ({ browser, gatehouse }, use) => {
      const context = await browser.newContext({ baseURL: gatehouse.url });
      const page = await context.newPage();
      await page.goto(gatehouse.signInLink);
      await page.getByRole('heading', { name: 'Networking, part one' }).waitFor();
      await page.close();
      await use(context);
      await context.close();
    },
    { scope: 'worker' },
  ],
  classLink: [
    async ({ owner }, use) => {
      const page = await owner.newPage();
      await page.goto('/instructor');
      await page.getByLabel('New class').fill('Monday');
      await page.getByRole('button', { name: 'Create the link' }).click();
      const link = await page.getByLabel('Link of the class Monday').inputValue();
      await page.close();
      await use(link);
    },
    { scope: 'worker' },
  ],
  learner: async (
    { browser, gatehouse, classLink, contextOptions },
    use,
    { testId, titlePath },
  ) => {
    const context = await browser.newContext({ ...contextOptions, baseURL: gatehouse.url });
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) problems.push(message.text());
    });
    await page.goto(classLink);
    await page.getByLabel(/Your name/).fill(`Learner ${testId.slice(-6)}`);
    await page.getByRole('button', { name: 'Join' }).click();
    await page.getByRole('heading', { name: 'Networking, part one' }).waitFor();
    await use(page);
    await endLabs(page);
    await context.close();
    if (problems.length > 0) {
      throw new Error(
        `the pages of "${titlePath.at(-1) ?? ''}" had errors: ${problems.join('\n')}`,
      );
    }
  },
});

export { expect } from '@playwright/test';

/** Ends what still runs, so that the next test has the machine to itself. */
async function endLabs(page: Page): Promise<void> {
  await page.goto('/');
  for (const link of await page.getByRole('link', { name: /^Continue/ }).all()) {
    const href = (await link.getAttribute('href')) ?? '';
    const lab = href.split('/').slice(0, 4).join('/');
    await page.request.post(`${lab}/session/end`, {
      headers: { Origin: new URL(page.url()).origin },
      form: {
        confirmed: 'yes',
        _csrf: (await page.locator('input[name="_csrf"]').first().getAttribute('value')) ?? '',
      },
    });
  }
}
