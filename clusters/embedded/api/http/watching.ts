import { ApiError } from '../api-error.js';
import type { KubeObject } from '../cluster-api.js';
import { settleJson } from '../json/json-values.js';
import type { Change } from '../store/collection.js';
import type { ResourceContext } from './context.js';
import { checkNotFuture, parseSelection, selects } from './listing.js';
import type { Selection } from './listing.js';
import { parseListOptions } from './options.js';
import type { ListOptions } from './options.js';
import { tableOf } from './reading.js';
import { partialMetadataText } from './table.js';
import { viewOf, viewText } from './views.js';
import { apiVersionOf } from '../api-version.js';

const MIN_SECONDS = 1800;
const BOOKMARK_EVERY_MS = 60_000;
/** A client that reads this much too slowly is cut off; it will list again. */
const MAX_UNSENT_BYTES = 32 * 1024 * 1024;

/** Answers a watch with one JSON event per line until the client goes, the time is up, or the server stops. */
export function handleWatch(context: ResourceContext): void {
  const { served, target, server } = context;
  const options = parseListOptions(context.query, true);
  if (target.name !== '') options.fieldSelector = joinSelectors(options.fieldSelector, target.name);
  const selection = parseSelection(served.definition, options, target.namespace);
  const { store } = server.api;
  const { res } = context;
  res.writeHead(200, {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-cache, private',
  });
  res.flushHeaders();
  const stream = new WatchStream(context, selection);
  const start = startOf(context, options);
  if (start instanceof ApiError) {
    stream.fail(start);
    return;
  }
  const stop = store.listen(served.resource.name, (change) => {
    stream.tell(change);
  });
  for (const object of start.objects) {
    if (selects(selection, object)) stream.send('ADDED', object);
  }
  for (const change of start.changes) stream.tell(change);
  if (options.sendInitialEvents === true) stream.bookmark(store.revision, true);

  const seconds = options.timeoutSeconds ?? MIN_SECONDS * (1 + Math.random());
  const timers: NodeJS.Timeout[] = [];
  const mark = (): void => {
    if (options.allowBookmarks) stream.bookmark(store.revision, false);
  };
  timers.push(
    setTimeout(() => {
      mark();
      stream.end();
    }, seconds * 1000),
  );
  if (options.allowBookmarks) timers.push(setInterval(mark, BOOKMARK_EVERY_MS));
  for (const timer of timers) timer.unref();
  // Not the request's close: it is over as soon as its body is read.
  res.on('close', () => {
    stop();
    for (const timer of timers) clearTimeout(timer);
  });
}

/** What a watch begins with: all objects, or the changes since a revision. */
function startOf(
  context: ResourceContext,
  options: ListOptions,
): { objects: readonly KubeObject[]; changes: readonly Change[] } | ApiError {
  const { store } = context.server.api;
  const collection = store.collection(context.served.resource.name);
  const from = options.resourceVersion;
  const wantsAll = options.sendInitialEvents ?? (from === undefined || from === 0);
  try {
    checkNotFuture(store, from);
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  if (wantsAll) return { objects: collection.list(), changes: [] };
  if (from === undefined || from === 0) return { objects: [], changes: [] };
  const changes = collection.changesSince(from);
  if (changes !== undefined) return { objects: [], changes };
  return new ApiError(410, 'Expired', {
    message: `too old resource version: ${from} (${collection.forgottenUntil})`,
  });
}

class WatchStream {
  readonly #context: ResourceContext;
  readonly #selection: Selection;
  #headed = false;
  #corked = false;

  constructor(context: ResourceContext, selection: Selection) {
    this.#context = context;
    this.#selection = selection;
  }

  /** A change as this watcher sees it: an object that leaves the selection is deleted for it. */
  tell(change: Change): void {
    const { object, previous } = change;
    const before = previous !== undefined && selects(this.#selection, previous);
    const after = change.type !== 'DELETED' && selects(this.#selection, object);
    if (after) this.send(before ? 'MODIFIED' : 'ADDED', object);
    else if (before) {
      this.send('DELETED', change.type === 'DELETED' ? object : atRevision(previous, object));
    }
  }

  send(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject): void {
    this.#write(`{"type":"${type}","object":${this.#text(object)}}\n`);
  }

  bookmark(revision: number, endsInitialEvents: boolean): void {
    const { definition } = this.#context.served;
    const bookmark = settleJson<KubeObject>({
      kind: definition.kind,
      apiVersion: apiVersionOf(definition),
      metadata: {
        name: '',
        uid: '',
        resourceVersion: String(revision),
        creationTimestamp: '',
        ...(endsInitialEvents && { annotations: { 'k8s.io/initial-events-end': 'true' } }),
      },
    });
    const { resourceVersion, annotations } = bookmark.metadata;
    const metadata = JSON.stringify({ resourceVersion, creationTimestamp: null, annotations });
    const { as, version } = this.#context.representation;
    const kind = as === 'PartialObjectMetadata' ? as : bookmark.kind;
    const apiVersion =
      as === 'PartialObjectMetadata' ? `meta.k8s.io/${version}` : bookmark.apiVersion;
    const text =
      as === 'Table'
        ? tableOf(this.#context, {
            objects: [],
            metadata: JSON.stringify({ resourceVersion, annotations }),
            columns: !this.#headed,
          })
        : `{"kind":"${kind}","apiVersion":"${apiVersion}","metadata":${metadata}}`;
    this.#headed = true;
    this.#write(`{"type":"BOOKMARK","object":${text}}\n`);
  }

  fail(error: ApiError): void {
    this.#write(`{"type":"ERROR","object":${JSON.stringify(error.toStatus())}}\n`);
    this.end();
  }

  /** What is held back goes first: a response that ends while corked never finishes. */
  end(): void {
    this.#uncork();
    this.#context.res.end();
  }

  #text(object: KubeObject): string {
    const { served, representation } = this.#context;
    switch (representation.as) {
      case 'object':
        return viewText(served.definition, object);
      case 'Table': {
        const columns = !this.#headed;
        this.#headed = true;
        const metadata = `{"resourceVersion":${JSON.stringify(object.metadata.resourceVersion)}}`;
        return tableOf(this.#context, { objects: [object], metadata, columns });
      }
      case 'PartialObjectMetadata':
      case 'PartialObjectMetadataList':
        return partialMetadataText(viewOf(served.definition, object), representation.version);
    }
  }

  #write(text: string): void {
    const { res } = this.#context;
    if (res.writableEnded) return;
    if (res.writableLength > MAX_UNSENT_BYTES) {
      res.destroy();
      return;
    }
    if (!this.#corked) {
      this.#corked = true;
      res.cork();
      queueMicrotask(() => {
        this.#uncork();
      });
    }
    res.write(text);
  }

  #uncork(): void {
    if (!this.#corked) return;
    this.#corked = false;
    this.#context.res.uncork();
  }
}

/** What a watcher last saw, told at the revision at which it stopped to match. */
function atRevision(previous: KubeObject, now: KubeObject): KubeObject {
  const { resourceVersion } = now.metadata;
  return settleJson({ ...previous, metadata: { ...previous.metadata, resourceVersion } });
}

function joinSelectors(selector: string, name: string): string {
  const own = `metadata.name=${name}`;
  return selector === '' ? own : `${selector},${own}`;
}
