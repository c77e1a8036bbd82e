/** A step's page: terminals, check, and everything that the server tells while it is open. */
import type { CheckDoneEvent, CheckResultEvent, LabPageState } from '../../common/page-events.js';
import { getElement } from '../page/find.js';
import { listen } from '../page/listen.js';
import { savePreference } from '../page/preference.js';
import { CheckForm } from '../step/check.js';
import { startCodeActions } from '../step/code-actions.js';
import { Console } from '../step/console.js';
import { FlowsPanel } from '../step/flows.js';
import { startHints } from '../step/hints.js';
import { startSplitter } from '../step/splitter.js';
import { showStepMarks } from '../step/step-marks.js';
import { startViewSwitch } from '../step/view-switch.js';
import { TerminalTabs } from '../terminal/terminal-tabs.js';

const { lab: labUrl = '', step = '', styleNonce: nonce = '' } = document.body.dataset;
const readerButton = getElement(document, '[data-action="reader-mode"]', HTMLButtonElement);
const checkForm = new CheckForm(step);
const consoleSide = new Console();
const tabs = new TerminalTabs({
  root: getElement(document, '[data-panel="ready"]', HTMLElement),
  labUrl,
  nonce,
  isForReader: readerButton.getAttribute('aria-pressed') === 'true',
  onLeave: leaveTerminal,
});
const views = startViewSwitch((view) => {
  if (view === 'console') tabs.fit();
});
startHints();
startSplitter(() => {
  tabs.fit();
});
new FlowsPanel({
  url: `${labUrl}/session/flows`,
  onResize: () => {
    tabs.fit();
  },
});
startCodeActions({
  stepUrl: `${labUrl}/steps/${step}`,
  run: (command) => {
    views.show('console');
    tabs.run(command);
  },
});

readerButton.addEventListener('click', () => {
  const isOn = readerButton.getAttribute('aria-pressed') !== 'true';
  readerButton.setAttribute('aria-pressed', String(isOn));
  savePreference('reader', isOn ? '1' : '0');
  tabs.setReaderMode(isOn);
});

document.addEventListener('keydown', (event) => {
  const isTyping = event.target instanceof HTMLElement && event.target.matches('input, textarea');
  if (!event.ctrlKey || !event.shiftKey || event.key !== 'ArrowRight' || isTyping) return;
  event.preventDefault();
  views.show('console');
  tabs.focus();
});

listen(`${labUrl}/session/events`, {
  handlers: {
    state(data) {
      const state = asEvent<LabPageState>(data);
      consoleSide.show(state);
      checkForm.showState(state);
      showStepMarks(state);
      tabs.offerNodes(state.nodes);
      tabs.sync(state.cluster === 'ready' ? state.terminals : [], state.mostTerminals);
    },
    result(data) {
      checkForm.showResult(asEvent<CheckResultEvent>(data));
    },
    checked(data) {
      checkForm.showSummary(asEvent<CheckDoneEvent>(data));
    },
  },
});

function leaveTerminal(): void {
  views.show('lesson');
  getElement(document, '#check-button', HTMLButtonElement).focus();
}

/** From our own server, made with the same types. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- names the type at the one boundary
function asEvent<T>(data: unknown): T {
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- both ends are built together
  return data as T;
}
