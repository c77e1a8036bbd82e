import { getElement } from '../page/find.js';
import { savePreference } from '../page/preference.js';

const LEAST = 25;
const MOST = 75;
const KEY_STEP = 2;

/** The bar between text and terminal: drag it, or move it with the arrow keys. */
export function startSplitter(onMove: () => void): void {
  const workspace = getElement(document, '.workspace', HTMLElement);
  const splitter = getElement(workspace, '.splitter', HTMLElement);
  let share = Number(splitter.getAttribute('aria-valuenow'));

  const move = (to: number): void => {
    share = Math.round(Math.min(MOST, Math.max(LEAST, to)));
    workspace.style.setProperty('--split', `${share}%`);
    splitter.setAttribute('aria-valuenow', String(share));
    onMove();
  };

  splitter.addEventListener('pointerdown', (event) => {
    splitter.setPointerCapture(event.pointerId);
    workspace.classList.add('is-resizing');
    event.preventDefault();
    splitter.focus();
  });
  splitter.addEventListener('pointermove', (event) => {
    if (!splitter.hasPointerCapture(event.pointerId)) return;
    const { left, width } = workspace.getBoundingClientRect();
    move(((event.clientX - left) / width) * 100);
  });
  splitter.addEventListener('lostpointercapture', () => {
    workspace.classList.remove('is-resizing');
    savePreference('split', String(share));
  });
  splitter.addEventListener('keydown', (event) => {
    const to = {
      ArrowLeft: share - KEY_STEP,
      ArrowRight: share + KEY_STEP,
      Home: LEAST,
      End: MOST,
    }[event.key];
    if (to === undefined || event.ctrlKey) return;
    event.preventDefault();
    move(to);
    savePreference('split', String(share));
  });
}
