import { isJsonObject } from '../../../../common/json.js';
import type { JsonObject } from '../../../../common/json.js';
import { API_SERVICES, apiServicesOf, AUTOMANAGED } from '../bootstrap/api-services.js';
import type { ClusterApi, KubeObject } from '../cluster-api.js';
import type { ClusterApiServerSide } from '../create-cluster-api.js';
import { timestamp } from '../registry/object-meta.js';
import type { SchemaCatalogue } from '../schema-catalogue.js';
import { addCustomResource, customOpenApiV2, emptyOpenApiV3 } from '../schema/custom-resources.js';
import { withCalicoView } from './calico-view.js';
import { customVersions } from './custom-definition.js';
import type { CustomVersion } from './custom-definition.js';

const CRDS = 'customresourcedefinitions.apiextensions.k8s.io';
const CLEANUP = 'customresourcecleanup.apiextensions.k8s.io';

/** Makes resources out of CustomResourceDefinitions while a cluster runs, and takes them away again. */
export class CustomResources {
  readonly #api: ClusterApiServerSide;
  readonly #writes: ClusterApi;
  readonly #catalogue: SchemaCatalogue;
  /** By the spec a definition was made of: status changes make no new one. */
  readonly #versions = new WeakMap<object, CustomVersion[]>();
  #current: CustomVersion[] = [];

  constructor(api: ClusterApiServerSide, catalogue: SchemaCatalogue) {
    this.#api = api;
    this.#writes = api.as('kube-apiserver');
    this.#catalogue = catalogue;
    if (api.registry.find(CRDS) === undefined) return;
    api.hook(CRDS, (change) => {
      this.refresh();
      if (change.type === 'DELETED') return;
      const { name } = change.object.metadata;
      // After the client's own write has returned: it sees the object as it sent it, as on a real server.
      queueMicrotask(() => {
        this.#settle(name);
      });
    });
  }

  /** Brings the registry in line with the definitions in the store. */
  refresh(): void {
    if (this.#api.registry.find(CRDS) === undefined) return;
    const versions = this.#api.list(CRDS).flatMap((crd) => this.#versionsOf(crd));
    const same =
      versions.length === this.#current.length &&
      versions.every((version, index) => version === this.#current[index]);
    if (same) return;
    this.#current = versions;
    this.#api.registry.setCustom(versions.map(({ definition }) => definition));
    // After the write that brought this about.
    queueMicrotask(() => {
      this.#register();
    });
  }

  /** Each group version of custom resources has an APIService for as long as it exists. */
  #register(): void {
    if (this.#api.registry.find(API_SERVICES) === undefined) return;
    const wanted = new Map(
      apiServicesOf(
        this.#current.map(({ definition }) => definition),
        { isCustom: true, time: timestamp(this.#api.now()) },
      ).map((service) => [service.metadata.name, service] as const),
    );
    for (const { metadata } of this.#api.list(API_SERVICES)) {
      const isOurs = metadata.labels?.[AUTOMANAGED] === 'true';
      if (isOurs && !wanted.has(metadata.name)) {
        this.#writes.delete(API_SERVICES, { name: metadata.name });
      }
      wanted.delete(metadata.name);
    }
    for (const service of wanted.values()) this.#writes.create(API_SERVICES, service);
  }

  /** The OpenAPI document of a group version of custom resources. */
  openApi(groupVersion: { group: string; version: string }): JsonObject {
    const document = emptyOpenApiV3();
    for (const custom of this.#current) {
      const { group, version } = custom.definition;
      if (group === groupVersion.group && version === groupVersion.version) {
        addCustomResource(document, custom, this.#catalogue);
      }
    }
    return document;
  }

  /** What the custom resources add to the OpenAPI v2 document. */
  openApiV2(): { paths: JsonObject; definitions: JsonObject } {
    const sum: { paths: JsonObject; definitions: JsonObject } = { paths: {}, definitions: {} };
    for (const custom of this.#current) {
      const { paths, definitions } = customOpenApiV2(custom, this.#catalogue);
      Object.assign(sum.paths, paths);
      Object.assign(sum.definitions, definitions);
    }
    return sum;
  }

  #versionsOf(crd: KubeObject): CustomVersion[] {
    const { spec } = crd;
    if (!isJsonObject(spec)) return [];
    let versions = this.#versions.get(spec);
    if (versions === undefined) {
      versions = withCalicoView(customVersions(crd, this.#catalogue));
      this.#versions.set(spec, versions);
    }
    return versions;
  }

  /** What the controllers of a real server do next to a definition. */
  #settle(name: string): void {
    const crd = this.#api.get(CRDS, name);
    if (crd === undefined) return;
    if (crd.metadata.deletionTimestamp !== undefined) {
      this.#cleanUp(crd);
      return;
    }
    this.#writes.update(CRDS, { name, subresource: 'status' }, (draft: KubeObject) => {
      establish(draft, timestamp(this.#api.now()));
    });
    this.#writes.update(CRDS, { name }, (draft) => {
      const finalizers = draft.metadata.finalizers ?? [];
      if (!finalizers.includes(CLEANUP)) draft.metadata.finalizers = [...finalizers, CLEANUP];
    });
  }

  /** A definition goes when its last object is gone. */
  #cleanUp(crd: KubeObject): void {
    const { name } = crd.metadata;
    for (const object of this.#api.list(name)) {
      const { namespace } = object.metadata;
      this.#writes.delete(name, {
        name: object.metadata.name,
        ...(namespace !== undefined && { namespace }),
      });
    }
    if (this.#api.list(name).length > 0) {
      this.#api.hook(name, (change) => {
        if (change.type === 'DELETED') {
          queueMicrotask(() => {
            this.#finish(name);
          });
        }
      });
    }
    this.#finish(name);
  }

  #finish(name: string): void {
    if (this.#api.list(name).length > 0) return;
    this.#writes.update(CRDS, { name }, (draft) => {
      draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter(
        (item) => item !== CLEANUP,
      );
    });
  }
}

function establish(draft: KubeObject, time: string): void {
  const spec = isJsonObject(draft['spec']) ? draft['spec'] : {};
  const status = isJsonObject(draft['status']) ? draft['status'] : {};
  const versions = Array.isArray(spec['versions']) ? spec['versions'].filter(isJsonObject) : [];
  const stored = versions.find((version) => version['storage'] === true)?.['name'];
  const before = Array.isArray(status['storedVersions']) ? status['storedVersions'] : [];
  const conditions = Array.isArray(status['conditions'])
    ? status['conditions'].filter(isJsonObject)
    : [];
  const condition = (type: string, reason: string, message: string): JsonObject =>
    conditions.find((item) => item['type'] === type && item['status'] === 'True') ?? {
      type,
      status: 'True',
      lastTransitionTime: time,
      reason,
      message,
    };
  draft['status'] = {
    ...status,
    conditions: [
      ...conditions.filter(
        (item) => item['type'] !== 'NamesAccepted' && item['type'] !== 'Established',
      ),
      condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
      condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
    ],
    acceptedNames: spec['names'],
    storedVersions: stored === undefined || before.includes(stored) ? before : [...before, stored],
  };
}
