import { TROUBLE_TITLES, type LabPageState } from '../../common/page-events.js';
import { getElement } from '../page/find.js';

type Panel = 'none' | 'creating' | 'failed' | 'ready';

/** The right side: no cluster yet, a cluster on its way, one that could not be made, or terminals. */
export class Console {
  readonly #root = getElement(document, '#console', HTMLElement);
  #hasRun = false;

  show(state: LabPageState): void {
    const panel = panelOf(state.cluster);
    for (const each of this.#root.querySelectorAll<HTMLElement>('[data-panel]')) {
      each.hidden = each.dataset['panel'] !== panel;
    }
    this.#root.dataset['cluster'] = state.cluster;
    if (panel === 'creating') this.#showPhases(state);
    if (panel === 'failed') {
      this.#setText('[data-failure]', state.failure?.message ?? '');
      this.#setText('[data-failure-fix]', state.failure?.fix ?? '');
    }
    if (panel === 'ready') this.#hasRun = true;
    if (panel === 'none' && this.#hasRun) {
      this.#setText(
        '[data-ended-text]',
        'This lab has ended and its cluster is gone. Your progress is kept; start again at any time.',
      );
    }
    this.#showIdle(state);
    this.#showTrouble(state);
  }

  /** Words are changed only where they are news: the region around them is read out. */
  #showTrouble({ trouble }: LabPageState): void {
    const body = getElement(this.#root, '[data-trouble]', HTMLElement);
    const title = trouble === undefined ? '' : `${TROUBLE_TITLES[trouble.state]}.`;
    const text = trouble === undefined ? '' : `${trouble.message} ${trouble.fix}`;
    const shown = getElement(body, '[data-trouble-text]', HTMLElement);
    if (shown.textContent !== text) {
      this.#setText('[data-trouble-title]', title);
      shown.textContent = text;
    }
    body.hidden = trouble === undefined;
  }

  #showPhases(state: LabPageState): void {
    this.#setText(
      '[data-provision-title]',
      state.cluster === 'resetting' ? 'Resetting your cluster' : 'Making your cluster',
    );
    getElement(this.#root, 'progress', HTMLProgressElement).value = state.fraction;
    const list = getElement(this.#root, '[data-phases]', HTMLElement);
    list.replaceChildren(
      ...state.phases.map(({ title, tookMs }) => {
        const item = document.createElement('li');
        item.textContent = title;
        if (tookMs === undefined) {
          item.className = 'phase-now';
          return item;
        }
        const time = document.createElement('span');
        time.className = 'phase-time';
        time.textContent = `${tookMs} ms`;
        item.append(time);
        return item;
      }),
    );
  }

  #showIdle({ idle, cluster }: LabPageState): void {
    const warning = getElement(this.#root, '[data-idle]', HTMLElement);
    const isNear = idle?.isNear === true && cluster === 'ready';
    if (isNear) this.#showEnd(warning, idle);
    warning.hidden = !isNear;
  }

  /** Written only where it is news: the warning is read out when it changes. */
  #showEnd(warning: HTMLElement, { endsAt, isFinal }: { endsAt: string; isFinal: boolean }): void {
    const when = getElement(warning, '[data-idle-when]', HTMLTimeElement);
    if (when.dateTime === endsAt) return;
    when.dateTime = endsAt;
    when.textContent = new Date(endsAt).toLocaleTimeString([], {
      hour: '2-digit',
      minute: '2-digit',
    });
    this.#setText(
      '[data-idle-why]',
      isFinal
        ? 'because it has run for as long as a lab may. Your scores stay, and you can start it again.'
        : 'because nothing happens in it.',
    );
    getElement(warning, '[data-idle-keep]', HTMLElement).hidden = isFinal;
  }

  #setText(selector: string, text: string): void {
    getElement(this.#root, selector, HTMLElement).textContent = text;
  }
}

function panelOf(cluster: LabPageState['cluster']): Panel {
  switch (cluster) {
    case 'none':
    case 'ended':
      return 'none';
    case 'creating':
    case 'resetting':
      return 'creating';
    case 'failed':
      return 'failed';
    case 'ready':
      return 'ready';
  }
}
