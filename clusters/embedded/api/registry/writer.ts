import type { ApiError } from '../api-error.js';
import { alreadyExists, conflict, forbidden, MODIFIED_MEANWHILE } from '../api-error.js';
import type { ClusterApi, KubeObject, NewObject, ObjectKey, ResourceName } from '../cluster-api.js';
import { cloneJson, equalJson, settleJson } from '../json/json-values.js';
import type { ResourceDefinition, StrategyContext } from '../resource-definition.js';
import type { Change } from '../store/collection.js';
import type { ObjectStore } from '../store/object-store.js';
import { AdmissionChain, withoutAsking } from './admission-chain.js';
import type { WriteSteps } from './admission-chain.js';
import type { Admission, AdmissionRequest } from './admission.js';
import { planDeletion } from './deletion.js';
import type { DeleteOptions } from './deletion.js';
import { newObject } from './new-object.js';
import { generateName, tidyMeta, timestamp } from './object-meta.js';
import { requireNamespace } from './require-namespace.js';
import type { Resource } from './resource-registry.js';
import type { FieldTracker, WriteContext } from './write-context.js';
import {
  checkPreconditions,
  isFinished,
  keepOtherParts,
  keepSystemMeta,
  requireValid,
  specDiffers,
} from './write-rules.js';

export interface WriterOptions {
  store: ObjectStore;
  admission: readonly Admission[];
  fields: FieldTracker | undefined;
  now(): number;
  /** Called at once after a write to one of these resources, before anybody else can write. */
  hooks: ReadonlyMap<ResourceName, (change: Change) => void>;
}

export type UpdateOptions = WriteContext & {
  change: (draft: KubeObject, old: KubeObject) => KubeObject | undefined;
};

export interface Deletion {
  object: KubeObject;
  gone: boolean;
}

/** While somebody was asked about a write, another one changed the object: the write begins anew. */
export class OvertakenError extends Error {
  override readonly name = 'OvertakenError';
  /** What to tell where it was overtaken too often. */
  readonly conflict: ApiError;

  constructor(definition: ResourceDefinition, name: string) {
    super('overtaken');
    this.conflict = conflict(definition, name, MODIFIED_MEANWHILE);
  }
}

const GENERATE_NAME_TRIES = 8;
/** In these a write always finds its namespace: `kubernetes` in `default` and such. */
const PROTECTED_NAMESPACES: readonly string[] = ['default', 'kube-system', 'kube-public'];

/** The steps of every create, update and delete, whoever asks. */
export class Writer {
  readonly #options: WriterOptions;
  readonly #chain: AdmissionChain;
  readonly #api: () => ClusterApi;

  constructor(options: WriterOptions, api: () => ClusterApi) {
    this.#options = options;
    this.#chain = new AdmissionChain(options.admission);
    this.#api = api;
  }

  create(resource: Resource, input: NewObject, context: WriteContext): KubeObject {
    return withoutAsking(this.creating(resource, input, context));
  }

  *creating(resource: Resource, input: NewObject, context: WriteContext): WriteSteps<KubeObject> {
    const { definition } = resource;
    const { store } = this.#options;
    let object = newObject(definition, input, this.#options.now());
    const { metadata } = object;
    const base = metadata.generateName ?? '';
    const named = metadata.name !== '';
    if (!named && base !== '') metadata.name = generateName(base);
    requireNamespace(store, definition, object);

    definition.applyDefaults(object);
    const request = this.#request(resource, {
      operation: 'CREATE',
      object,
      old: undefined,
      context,
    });
    request.nameIsGenerated = !named && base !== '';
    yield* this.#chain.mutate(request, () => {
      object = request.object ?? object;
      requireNamespace(store, definition, object);
    });
    definition.applyDefaults(object);
    // Before the server's own additions, which nobody owns.
    this.#track(definition, { old: undefined, object, context });
    if (definition.hasGeneration) object.metadata.generation = 1;
    definition.prepareForCreate?.(object, this.#strategyContext(context));
    object.metadata = tidyMeta(object.metadata);
    requireValid(definition, object, undefined);
    yield* this.#chain.approve(request, () => {
      requireNamespace(store, definition, object);
      // What it was given may have been given to another meanwhile.
      definition.prepareForCreate?.(object, this.#strategyContext(context));
    });

    const collection = store.collection(resource.name);
    for (let tries = 1; ; tries += 1) {
      const { name, namespace = '' } = object.metadata;
      if (collection.get(name, namespace) === undefined) break;
      if (named || tries >= GENERATE_NAME_TRIES) throw alreadyExists(definition, name);
      object.metadata.name = generateName(base);
    }
    if (context.dryRun) {
      // What is not stored has no version.
      Reflect.deleteProperty(object.metadata, 'resourceVersion');
      return settleJson(object);
    }
    return this.#put(resource, object);
  }

  /**
   * Replaces the object by what `change` returns (or by the draft it changed). Returns undefined where there is
   * none, the object as stored where nothing differs.
   */
  update(resource: Resource, key: ObjectKey, options: UpdateOptions): KubeObject | undefined {
    return withoutAsking(this.updating(resource, key, options));
  }

  /** Throws OvertakenError where somebody was asked and the object changed meanwhile. */
  *updating(
    resource: Resource,
    key: ObjectKey,
    options: UpdateOptions,
  ): WriteSteps<KubeObject | undefined> {
    const { definition } = resource;
    const old = this.#options.store.collection(resource.name).get(key.name, key.namespace ?? '');
    if (old === undefined) return undefined;
    const copy = cloneJson(old);
    const {
      apiVersion: _apiVersion,
      kind: _kind,
      metadata,
      ...rest
    } = options.change(copy, old) ?? copy;
    let draft: KubeObject = { kind: old.kind, apiVersion: old.apiVersion, metadata, ...rest };
    keepSystemMeta(definition, draft, old);
    keepOtherParts(definition, { draft, old, subresource: options.subresource });

    definition.applyDefaults(draft);
    const request = this.#request(resource, {
      operation: 'UPDATE',
      object: draft,
      old,
      context: options,
    });
    yield* this.#chain.mutate(request, () => {
      this.#requireCurrent(resource, old);
      draft = request.object ?? draft;
      keepOtherParts(definition, { draft, old, subresource: options.subresource });
    });
    definition.applyDefaults(draft);
    this.#track(definition, { old, object: draft, context: options });
    if (options.subresource !== 'status') {
      definition.prepareForUpdate?.(draft, old, this.#strategyContext(options));
      if (definition.hasGeneration && specDiffers(definition, draft, old)) {
        draft.metadata.generation = (old.metadata.generation ?? 0) + 1;
      }
    }
    draft.metadata = tidyMeta(draft.metadata);
    if (equalJson(draft, old)) return old;
    requireValid(definition, draft, old);
    yield* this.#chain.approve(request, () => {
      this.#requireCurrent(resource, old);
    });
    if (options.dryRun) return settleJson(draft);
    if (isFinished(draft)) return this.#remove(resource, this.#put(resource, draft), options);
    return this.#put(resource, draft);
  }

  /** Returns the object as it is now, or its last state where it is gone; undefined where there was none. */
  delete(
    resource: Resource,
    key: ObjectKey,
    options: WriteContext & DeleteOptions,
  ): Deletion | undefined {
    return withoutAsking(this.deleting(resource, key, options));
  }

  /** Throws OvertakenError where somebody was asked and the object changed meanwhile. */
  *deleting(
    resource: Resource,
    key: ObjectKey,
    options: WriteContext & DeleteOptions,
  ): WriteSteps<Deletion | undefined> {
    const { definition } = resource;
    const old = this.#options.store.collection(resource.name).get(key.name, key.namespace ?? '');
    if (old === undefined) return undefined;
    checkPreconditions(definition, old, options);
    if (
      definition.kind === 'Namespace' &&
      definition.group === '' &&
      PROTECTED_NAMESPACES.includes(key.name)
    ) {
      throw forbidden(definition, key.name, 'this namespace may not be deleted');
    }
    const request = this.#request(resource, {
      operation: 'DELETE',
      object: undefined,
      old,
      context: options,
    });
    const stillThere = (): void => {
      this.#requireCurrent(resource, old);
    };
    yield* this.#chain.mutate(request, stillThere);
    yield* this.#chain.approve(request, stillThere);

    const marked = planDeletion(definition, old, { ...options, now: this.#options.now() });
    if (marked === 'remove') {
      if (options.dryRun) return { object: old, gone: true };
      return { object: this.#remove(resource, old, options), gone: true };
    }
    if (marked === 'keep') return { object: old, gone: false };
    if (options.dryRun) return { object: settleJson(marked), gone: false };
    const stored = this.#put(resource, marked);
    if (isFinished(stored)) return { object: this.#remove(resource, stored, options), gone: true };
    return { object: stored, gone: false };
  }

  #request(
    resource: Resource,
    about: {
      operation: 'CREATE' | 'UPDATE' | 'DELETE';
      object: KubeObject | undefined;
      old: KubeObject | undefined;
      context: WriteContext;
    },
  ): AdmissionRequest {
    const { operation, object, old, context } = about;
    const { name = '', namespace } = (object ?? old)?.metadata ?? {};
    return {
      operation,
      resource: resource.name,
      definition: resource.definition,
      subresource: context.subresource,
      ...(context.seen !== undefined && { seen: context.seen }),
      name,
      namespace,
      object,
      old,
      user: context.user,
      dryRun: context.dryRun,
      nameIsGenerated: false,
      api: this.#api(),
      warn: (text) => context.warn?.(text),
    };
  }

  #requireCurrent({ name, definition }: Resource, old: KubeObject): void {
    const { metadata } = old;
    const now = this.#options.store.collection(name).get(metadata.name, metadata.namespace ?? '');
    if (now !== old) throw new OvertakenError(definition, metadata.name);
  }

  #track(
    definition: ResourceDefinition,
    write: { old: KubeObject | undefined; object: KubeObject; context: WriteContext },
  ): void {
    if (write.context.manager === '') return;
    this.#options.fields?.track({ definition, ...write, time: timestamp(this.#options.now()) });
  }

  #put(resource: Resource, object: KubeObject): KubeObject {
    const previous = this.#options.store
      .collection(resource.name)
      .get(object.metadata.name, object.metadata.namespace ?? '');
    const stored = this.#options.store.put(resource.name, object);
    this.#options.hooks.get(resource.name)?.({
      revision: this.#options.store.revision,
      type: previous === undefined ? 'ADDED' : 'MODIFIED',
      object: stored,
      ...(previous !== undefined && { previous }),
    });
    return stored;
  }

  #remove(resource: Resource, object: KubeObject, context: WriteContext): KubeObject {
    const last = this.#options.store.remove(resource.name, object);
    resource.definition.afterDelete?.(last, this.#strategyContext(context));
    this.#options.hooks.get(resource.name)?.({
      revision: this.#options.store.revision,
      type: 'DELETED',
      object: last,
      previous: object,
    });
    return last;
  }

  #strategyContext(context: WriteContext): StrategyContext {
    return { api: this.#api(), now: this.#options.now(), dryRun: context.dryRun };
  }
}
