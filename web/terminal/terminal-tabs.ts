import { getElement } from '../page/find.js';
import { showMessage, showProblem } from '../page/messages.js';
import { send } from '../page/send.js';
import { TerminalView } from './terminal-view.js';

interface Tab {
  id: string;
  button: HTMLButtonElement;
  view: TerminalView;
}

export interface TerminalTabsOptions {
  root: HTMLElement;
  /** `/labs/<chapter>/<lab>` */
  labUrl: string;
  nonce: string;
  isForReader: boolean;
  onLeave: () => void;
}

/** The tabs of a lab's terminals, as the server tells of them. */
export class TerminalTabs {
  readonly #options: TerminalTabsOptions;
  readonly #list: HTMLElement;
  readonly #place: HTMLElement;
  readonly #empty: HTMLElement;
  readonly #tabs: Tab[] = [];
  #active: Tab | undefined;
  /** A tab that was asked for here is looked at as soon as it is there. */
  #expected: string | undefined;
  #isForReader: boolean;

  constructor(options: TerminalTabsOptions) {
    this.#options = options;
    this.#isForReader = options.isForReader;
    const { root } = options;
    this.#list = getElement(root, '[role="tablist"]', HTMLElement);
    this.#place = getElement(root, '.terminals', HTMLElement);
    this.#empty = getElement(root, '.terminals-empty', HTMLElement);
    this.#list.addEventListener('keydown', (event) => {
      this.#moveByKey(event);
    });
    for (const button of root.querySelectorAll('[data-action="new-terminal"]')) {
      button.addEventListener('click', () => {
        this.#openNew();
      });
    }
    getElement(root, '[data-action="close-terminal"]', HTMLButtonElement).addEventListener(
      'click',
      () => {
        this.#closeActive();
      },
    );
  }

  /** Makes the tabs those that the server has. */
  sync(terminals: readonly { id: string; title: string; hasEnded: boolean }[], most: number): void {
    for (const tab of [...this.#tabs]) {
      if (!terminals.some(({ id }) => id === tab.id)) this.#remove(tab);
    }
    for (const { id, title, hasEnded } of terminals) {
      const tab = this.#tabs.find((each) => each.id === id) ?? this.#add(id, title);
      tab.button.textContent = hasEnded ? `${title} (ended)` : title;
    }
    const wanted = this.#tabs.find(({ id }) => id === this.#expected);
    if (wanted !== undefined) {
      this.#expected = undefined;
      this.#select(wanted);
      wanted.view.focus();
    } else if (this.#active === undefined) {
      const [first] = this.#tabs;
      if (first !== undefined) this.#select(first);
    }
    this.#empty.hidden = terminals.length > 0;
    for (const button of this.#options.root.querySelectorAll<HTMLButtonElement>(
      '[data-action="new-terminal"]',
    )) {
      button.disabled = terminals.length >= most;
    }
    getElement(this.#options.root, '[data-action="close-terminal"]', HTMLButtonElement).disabled =
      terminals.length === 0;
  }

  /** Types a command into the terminal that is looked at, once. */
  run(command: string): void {
    if (this.#active?.view.run(command) === true) this.#active.view.focus();
    else showMessage('No shell is ready to take the command. Try again in a moment.', 'problem');
  }

  /** The nodes that root shells can be opened on. */
  offerNodes(nodes: readonly string[]): void {
    const menu = getElement(this.#options.root, '.shell-menu', HTMLDetailsElement);
    menu.hidden = nodes.length === 0;
    const place = getElement(menu, '[data-nodes]', HTMLElement);
    if (place.childElementCount === nodes.length) return;
    place.replaceChildren(
      ...nodes.map((node) => {
        const button = document.createElement('button');
        button.type = 'button';
        button.className = 'button button-quiet';
        button.textContent = node;
        button.addEventListener('click', () => {
          menu.open = false;
          this.#openNew([['node', node]]);
        });
        return button;
      }),
    );
  }

  focus(): void {
    this.#active?.view.focus();
  }

  fit(): void {
    this.#active?.view.fit();
  }

  setReaderMode(isOn: boolean): void {
    this.#isForReader = isOn;
    for (const { view } of this.#tabs) view.setReaderMode(isOn);
  }

  #add(id: string, title: string): Tab {
    const { labUrl, nonce, onLeave } = this.#options;
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'tab';
    button.id = `tab-${id}`;
    button.setAttribute('role', 'tab');
    button.setAttribute('aria-controls', `panel-${id}`);
    button.setAttribute('aria-selected', 'false');
    button.tabIndex = -1;
    const panel = document.createElement('div');
    panel.className = 'terminal-panel';
    panel.id = `panel-${id}`;
    panel.setAttribute('role', 'tabpanel');
    panel.setAttribute('aria-labelledby', button.id);
    panel.hidden = true;
    this.#list.append(button);
    this.#place.append(panel);
    const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
    const view = new TerminalView({
      url: `${scheme}//${location.host}${labUrl}/terminals/${id}`,
      label: `${title}, terminal`,
      nonce,
      isForReader: this.#isForReader,
      onLeave,
    });
    panel.append(view.element);
    const tab = { id, button, view };
    this.#tabs.push(tab);
    button.addEventListener('click', () => {
      this.#select(tab);
      view.focus();
    });
    return tab;
  }

  #remove(tab: Tab): void {
    tab.view.close();
    document.getElementById(`panel-${tab.id}`)?.remove();
    tab.button.remove();
    this.#tabs.splice(this.#tabs.indexOf(tab), 1);
    if (this.#active !== tab) return;
    this.#active = undefined;
    const last = this.#tabs.at(-1);
    if (last !== undefined) this.#select(last);
  }

  #select(tab: Tab): void {
    this.#active = tab;
    for (const each of this.#tabs) {
      const isActive = each === tab;
      each.button.setAttribute('aria-selected', String(isActive));
      each.button.tabIndex = isActive ? 0 : -1;
      const panel = document.getElementById(`panel-${each.id}`);
      if (panel !== null) panel.hidden = !isActive;
    }
    tab.view.fit();
  }

  #moveByKey(event: KeyboardEvent): void {
    const index = this.#active === undefined ? -1 : this.#tabs.indexOf(this.#active);
    const last = this.#tabs.length - 1;
    const next = {
      ArrowRight: index === last ? 0 : index + 1,
      ArrowLeft: index === 0 ? last : index - 1,
      Home: 0,
      End: last,
    }[event.key];
    const tab = next === undefined ? undefined : this.#tabs[next];
    if (tab === undefined) return;
    event.preventDefault();
    this.#select(tab);
    tab.button.focus();
  }

  #openNew(fields: [string, string][] = []): void {
    send(`${this.#options.labUrl}/terminals`, fields).then(({ id }) => {
      if (typeof id !== 'string') return;
      this.#expected = id;
      const tab = this.#tabs.find((each) => each.id === id);
      if (tab !== undefined) {
        this.#expected = undefined;
        this.#select(tab);
        tab.view.focus();
      }
    }, showProblem);
  }

  #closeActive(): void {
    if (this.#active === undefined) return;
    send(`${this.#options.labUrl}/terminals/${this.#active.id}/close`).catch(showProblem);
  }
}
