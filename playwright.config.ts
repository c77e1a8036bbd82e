import { defineConfig } from '@playwright/test';

/** The whole product in Debian's Chromium, one test after another: each has clusters of its own. */
const config = defineConfig({
  testDir: 'test/e2e',
  testMatch: '*.test.ts',
  outputDir: 'test-results/pages',
  timeout: 120_000,
  expect: { timeout: 20_000 },
  workers: 1,
  reporter: 'list',
  use: {
    browserName: 'chromium',
    viewport: { width: 1280, height: 800 },
    launchOptions: { executablePath: '/usr/bin/chromium' },
    video: 'off',
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
  },
});

// eslint-disable-next-line no-restricted-syntax -- Playwright reads its settings from a default export
export default config;
