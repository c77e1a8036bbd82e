import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { parse } from 'yaml';
import { expect } from './fixtures.js';

const LABS = path.resolve(import.meta.dirname, '../../../labs/05-networking');

/** What a lab is worth in all: `09-deny-all`. */
export async function pointsOf(folder: string): Promise<number> {
  const lab = parse(await readFile(path.join(LABS, folder, 'lab.yaml'), 'utf8')) as {
    steps: { checks: { points: number }[] }[];
  };
  return lab.steps.flatMap(({ checks }) => checks).reduce((sum, { points }) => sum + points, 0);
}

/** From the first page into a running lab, as a learner clicks. */
export async function startLab(page: Page, title: string): Promise<void> {
  await page.goto('/');
  await page.getByRole('link', { name: title, exact: true }).click();
  await page.getByRole('button', { name: /Start/ }).click();
  await terminalIsReady(page);
}

export async function terminalIsReady(page: Page): Promise<void> {
  await expect(terminalText(page)).toContainText('$', { timeout: 60_000 });
}

export function terminalText(page: Page) {
  return page.locator('.terminal-panel:not([hidden]) .xterm-rows');
}

let commands = 0;

/** Types a command into the terminal that is shown, and waits until the shell is ready for the next one. */
export async function type(page: Page, command: string): Promise<void> {
  commands += 1;
  await paste(page, command);
  await page.keyboard.press('Enter');
  await page.keyboard.insertText(`echo "end $((${commands}+100000))"`);
  await page.keyboard.press('Enter');
  await expect(terminalText(page)).toContainText(`end ${commands + 100_000}`, { timeout: 60_000 });
}

/** Pastes into the terminal that is shown, as Ctrl+V does. */
export async function paste(page: Page, text: string): Promise<void> {
  const input = page.locator('.terminal-panel:not([hidden]) .xterm-helper-textarea');
  await input.focus();
  await page.evaluate(`{
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', ${JSON.stringify(text)});
    document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }));
  }`);
}

/** Gives an answer of the lab's folder as a learner would: files written in the shell, commands typed, questions answered. */
export async function giveAnswer(page: Page, answer: string): Promise<void> {
  const folder = path.join(LABS, answer);
  const names = await readdir(folder);
  const manifests = names.filter((name) => name.endsWith('.yaml') && !SPECIAL.includes(name));
  for (const name of manifests) {
    const text = await readFile(path.join(folder, name), 'utf8');
    await type(page, `cat > ${name} <<'END'\n${text.trimEnd()}\nEND`);
  }
  if (names.includes('commands.sh')) {
    const script = await readFile(path.join(folder, 'commands.sh'), 'utf8');
    for (const line of script.split('\n')) {
      if (line.trim() !== '' && !line.startsWith('#')) await type(page, line);
    }
  } else {
    for (const name of manifests) await type(page, `kubectl apply -f ${name}`);
  }
  if (names.includes('answers.yaml')) {
    const answers: unknown = parse(await readFile(path.join(folder, 'answers.yaml'), 'utf8'));
    await fillIn(page, Object.entries(answers as Record<string, unknown>));
  }
}
const SPECIAL = ['answers.yaml', 'expect.yaml'];

async function fillIn(page: Page, answers: [string, unknown][]): Promise<void> {
  for (const [question, value] of answers) {
    const fields = page.locator(`[name="answer.${question}"]`);
    if ((await fields.first().getAttribute('type')) === 'text') {
      await fields.first().fill(String(value));
      continue;
    }
    const values = Array.isArray(value) ? value : [value];
    for (const each of values) {
      await page.locator(`[name="answer.${question}"][value="${String(each)}"]`).check();
    }
  }
}

/** Presses Check and waits for the end of it; the headline that the learner reads. */
export async function check(page: Page): Promise<string> {
  const button = page.locator('#check-button');
  await button.click();
  await expect(button).toHaveText(/Check$/, { timeout: 60_000 });
  await expect(page.locator('#check-status')).not.toHaveText('Checking…');
  return page.locator('.summary-headline').innerText();
}
