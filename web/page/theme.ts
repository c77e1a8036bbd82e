import { findElement } from './find.js';
import { savePreference } from './preference.js';

const DARK = matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();

export function isDark(): boolean {
  const theme = document.documentElement.dataset['theme'];
  return theme === 'dark' || (theme !== 'light' && DARK.matches);
}

/** Runs now and whenever the page turns light or dark. */
export function onTheme(work: () => void): void {
  listeners.add(work);
  work();
}

/** The button that switches between light and dark; what the machine prefers, until it is pressed. */
export function startTheme(): void {
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  DARK.addEventListener('change', tell);
  const button = findElement(document, '[data-action="toggle-theme"]', HTMLButtonElement);
  if (button === undefined) return;
  button.hidden = false;
  button.addEventListener('click', () => {
    const theme = isDark() ? 'light' : 'dark';
    document.documentElement.dataset['theme'] = theme;
    findElement(document, 'meta[name="color-scheme"]', HTMLMetaElement)?.setAttribute(
      'content',
      theme,
    );
    savePreference('theme', theme);
    tell();
  });
}
