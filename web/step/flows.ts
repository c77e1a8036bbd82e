import {
  flowId,
  isFlowWanted,
  partyName,
  portName,
  type FlowParty,
  type ObservedFlow,
} from '../../common/flow.js';
import { MOST_FLOWS_SHOWN, type FlowsEvent } from '../../common/page-events.js';
import { getElement } from '../page/find.js';
import { CHECK_ICON, CROSS_ICON } from '../page/icons.js';
import { listen } from '../page/listen.js';
import { savePreference } from '../page/preference.js';

/** A screen reader hears a sum at most so often: every packet would drown the rest. */
const ANNOUNCE_MS = 15_000;

interface Row {
  flow: ObservedFlow;
  element: HTMLTableRowElement;
}

/** Who talks to whom, live. The server is asked only while the panel is open. */
export class FlowsPanel {
  readonly #root = getElement(document, '#flows', HTMLElement);
  readonly #toggle = getElement(document, '[data-action="flows"]', HTMLButtonElement);
  readonly #text = this.#part('text', HTMLInputElement);
  readonly #denied = this.#part('denied', HTMLInputElement);
  readonly #pause = this.#part('pause', HTMLButtonElement);
  readonly #note = this.#part('note', HTMLElement);
  readonly #announcement = this.#part('announcement', HTMLElement);
  readonly #body = getElement(this.#root, 'tbody', HTMLElement);
  /** By id; in the table the one whose first packet came last is on top. */
  readonly #rows = new Map<string, Row>();
  readonly #url: string;
  readonly #onResize: () => void;
  /** What came while the table was paused. */
  #held = { flows: new Map<string, ObservedFlow>(), fresh: false };
  #reason: string | undefined;
  #stream: { stop: () => void } | undefined;
  #unannounced = { flows: 0, denied: 0 };
  #announceTimer: ReturnType<typeof setTimeout> | undefined;

  constructor({ url, onResize }: { url: string; onResize: () => void }) {
    this.#url = url;
    this.#onResize = onResize;
    this.#toggle.addEventListener('click', () => {
      if (this.#root.hidden) {
        this.#open();
        getElement(this.#root, '#flows-title', HTMLElement).focus();
      } else this.#close();
    });
    this.#part('close', HTMLButtonElement).addEventListener('click', () => {
      this.#close();
    });
    this.#root.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && this.#text.value === '') this.#close();
    });
    for (const input of [this.#text, this.#denied]) {
      input.addEventListener('input', () => {
        this.#showWanted();
      });
    }
    this.#pause.addEventListener('click', () => {
      this.#setPaused(!this.#isPaused);
    });
    if (!this.#root.hidden) this.#open();
  }

  get #isPaused(): boolean {
    return this.#pause.getAttribute('aria-pressed') === 'true';
  }

  #open(): void {
    this.#setShown(true);
    this.#setNote('Connecting…');
    this.#stream = listen(this.#url, {
      handlers: {
        flows: (data) => {
          // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- both ends are built together
          this.#take(data as FlowsEvent);
        },
      },
      onConnection: (isUp) => {
        if (!isUp) this.#setNote('The connection is lost; trying again…');
      },
    });
  }

  #close(): void {
    this.#stream?.stop();
    this.#stream = undefined;
    clearTimeout(this.#announceTimer);
    this.#announceTimer = undefined;
    this.#clear();
    this.#setPaused(false);
    this.#setShown(false);
    this.#toggle.focus();
  }

  #setShown(isShown: boolean): void {
    this.#root.hidden = !isShown;
    this.#toggle.setAttribute('aria-expanded', String(isShown));
    savePreference('flows', isShown ? '1' : '0');
    this.#onResize();
  }

  #setPaused(isPaused: boolean): void {
    this.#pause.setAttribute('aria-pressed', String(isPaused));
    this.#pause.textContent = isPaused ? 'Go on' : 'Pause';
    if (isPaused) {
      this.#showSum();
      return;
    }
    const { flows, fresh } = this.#held;
    this.#held = { flows: new Map(), fresh: false };
    this.#putAll([...flows.values()], fresh);
  }

  #take(event: FlowsEvent): void {
    this.#reason = event.type === 'none' ? event.reason : undefined;
    if (event.type === 'none') this.#showSum();
    else if (this.#isPaused) this.#hold(event.flows, event.fresh);
    else this.#putAll(event.flows, event.fresh);
  }

  #hold(flows: readonly ObservedFlow[], fresh: boolean): void {
    if (fresh) this.#held = { flows: new Map(), fresh };
    for (const flow of flows) this.#held.flows.set(flowId(flow), flow);
    for (const id of this.#held.flows.keys()) {
      if (this.#held.flows.size <= MOST_FLOWS_SHOWN) break;
      this.#held.flows.delete(id);
    }
    this.#showSum();
  }

  #putAll(flows: readonly ObservedFlow[], fresh: boolean): void {
    if (fresh) this.#clear();
    for (const flow of flows) this.#put(flow, { isNews: !fresh });
    this.#showWanted();
  }

  #put(flow: ObservedFlow, { isNews }: { isNews: boolean }): void {
    const id = flowId(flow);
    const known = this.#rows.get(id);
    if (known !== undefined) {
      known.flow = flow;
      fill(known.element, flow);
      return;
    }
    const element = document.createElement('tr');
    fill(element, flow);
    this.#body.insertBefore(element, this.#firstOlderThan(flow));
    this.#rows.set(id, { flow, element });
    if (this.#rows.size > MOST_FLOWS_SHOWN) this.#dropOldest();
    if (isNews) this.#announceLater(flow);
  }

  /** The place of a new row; nearly always the top. */
  #firstOlderThan({ firstAt }: ObservedFlow): Element | null {
    for (const element of this.#body.children) {
      if (element instanceof HTMLElement && (element.dataset['firstAt'] ?? '') <= firstAt) {
        return element;
      }
    }
    return null;
  }

  #dropOldest(): void {
    const last = this.#body.lastElementChild;
    for (const [id, { element }] of this.#rows) if (element === last) this.#rows.delete(id);
    last?.remove();
  }

  #clear(): void {
    this.#rows.clear();
    this.#body.replaceChildren();
    this.#held = { flows: new Map(), fresh: false };
  }

  #showWanted(): void {
    const filter = { text: this.#text.value, deniedOnly: this.#denied.checked };
    for (const { flow, element } of this.#rows.values()) {
      element.hidden = !isFlowWanted(flow, filter);
    }
    this.#showSum();
  }

  #showSum(): void {
    const rows = [...this.#rows.values()];
    const shown = rows.filter(({ element }) => !element.hidden).length;
    const sum =
      rows.length === 0
        ? 'Nothing was seen yet. Talk from one pod to another, and it appears here.'
        : `${shown} of ${rows.length} shown, the newest first. Packets of checks are left out.`;
    const paused = this.#isPaused ? `Paused; ${this.#held.flows.size} waiting. ` : '';
    this.#setNote(paused + (this.#reason ?? sum));
  }

  #setNote(text: string): void {
    if (this.#note.textContent !== text) this.#note.textContent = text;
  }

  #announceLater(flow: ObservedFlow): void {
    this.#unannounced.flows += 1;
    if (flow.verdict === 'denied') this.#unannounced.denied += 1;
    this.#announceTimer ??= setTimeout(() => {
      this.#announceTimer = undefined;
      const { flows, denied } = this.#unannounced;
      this.#unannounced = { flows: 0, denied: 0 };
      if (this.#root.hidden) return;
      this.#announcement.textContent = `${flows} new network ${flows === 1 ? 'flow' : 'flows'}, ${denied} denied`;
    }, ANNOUNCE_MS);
  }

  #part<T extends Element>(name: string, kind: new () => T): T {
    return getElement(this.#root, `[data-flows="${name}"]`, kind);
  }
}

function fill(row: HTMLTableRowElement, flow: ObservedFlow): void {
  const { from, to, verdict, explanation, firstAt, lastAt, count } = flow;
  row.className = verdict === 'denied' ? 'flows-denied-row' : 'flows-allowed';
  row.dataset['firstAt'] = firstAt;
  const first = document.createElement('time');
  first.dateTime = firstAt;
  first.textContent = new Date(firstAt).toLocaleTimeString();
  const mark = document.createElement('td');
  mark.className = 'flows-verdict';
  mark.innerHTML = verdict === 'denied' ? CROSS_ICON : CHECK_ICON;
  mark.append(verdict === 'denied' ? 'Denied' : 'Allowed');
  row.replaceChildren(
    mark,
    endCell(from),
    endCell(to),
    cell('flows-number', portName(flow)),
    cell('flows-why', explanation),
    cell('flows-number', first),
    cell('flows-number', count === 1 ? 'once' : `${count} times`),
  );
  row.title = `Last seen ${new Date(lastAt).toLocaleTimeString()}`;
}

function endCell(party: FlowParty): HTMLElement {
  const name = partyName(party);
  const made = cell('flows-end', name);
  if (!name.includes(party.address)) made.title = party.address;
  return made;
}

function cell(className: string, content: string | Node): HTMLElement {
  const made = document.createElement('td');
  made.className = className;
  made.append(content);
  return made;
}
