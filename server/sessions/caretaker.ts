import pLimit from 'p-limit';
import type { ClusterTrouble } from '../../clusters/provider.js';
import { GatehouseError } from '../../common/errors.js';
import type { LiveLab } from './live-lab.js';

/** How many clusters are asked at the same time. */
const AT_ONCE = 4;

/** Asks the clusters of labs what ails them, so that pages and terminals can say so. */
export class Caretaker {
  readonly #limit = pLimit(AT_ONCE);
  readonly #looking = new Map<LiveLab, Promise<void>>();

  /** Resolves when the lab knows how its cluster is. Who asks while it is being asked waits for the same answer. */
  look(live: LiveLab): Promise<void> {
    const before = this.#looking.get(live);
    if (before !== undefined) return before;
    const looking = this.#limit(() => lookAt(live)).finally(() => {
      this.#looking.delete(live);
    });
    this.#looking.set(live, looking);
    return looking;
  }
}

async function lookAt(live: LiveLab): Promise<void> {
  if (live.state !== 'ready') return;
  const trouble = await askFor(live);
  // A reset that began meanwhile has news of its own.
  if (live.isReady()) live.setTrouble(trouble);
}

async function askFor(live: LiveLab): Promise<ClusterTrouble | undefined> {
  try {
    return await (await live.cluster()).trouble?.();
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error;
    const { message, fix = 'Tell whoever runs this server.' } = error;
    return { state: 'away', message: `${message}.`, fix };
  }
}
