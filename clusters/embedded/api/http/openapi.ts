import { createHash } from 'node:crypto';
import { isJsonObject, type JsonObject } from '../../../../common/json.js';
import type { ResourceRegistry } from '../registry/resource-registry.js';
import { apiVersionOf } from '../api-version.js';
import type { SchemaCatalogue } from '../schema-catalogue.js';
import { openApiV2Protobuf } from '../schema/openapi-v2-protobuf.js';
import type { Discovery } from './discovery.js';

/** Adds the custom resources of a group version to an OpenAPI v3 document. */
export type CustomDocuments = (groupVersion: {
  group: string;
  version: string;
}) => JsonObject | undefined;

interface Options {
  registry: ResourceRegistry;
  catalogue: SchemaCatalogue;
  discovery: Discovery;
  /** Part of every hash: documents change with the server's version. */
  version: string;
  custom: CustomDocuments;
  /** What custom resources add to the OpenAPI v2 document. */
  customV2: () => { paths: JsonObject; definitions: JsonObject };
}

/** Texts of built-in documents, for all clusters of this process. */
const builtIn = new WeakMap<SchemaCatalogue, Map<string, Buffer>>();
const builtInV2 = new WeakMap<SchemaCatalogue, Buffer>();

/** `/openapi/v3`: an index with hashes, and one document per group version; `/openapi/v2`: all in one. */
export class OpenApi {
  readonly #options: Options;
  #custom = new Map<string, Buffer>();
  #version = -1;

  constructor(options: Options) {
    this.#options = options;
  }

  index(): JsonObject {
    const { discovery } = this.#options;
    const paths = discovery.groupVersions().map(({ group, version }) => pathOf(group, version));
    return {
      paths: Object.fromEntries(
        paths.map((path) => [
          path,
          { serverRelativeURL: `/openapi/v3/${path}?hash=${this.hash(path)}` },
        ]),
      ),
    };
  }

  hash(path: string): string {
    const { group, version } = splitPath(path);
    const { registry } = this.#options;
    const custom = registry.custom
      .filter((definition) => definition.group === group && definition.version === version)
      .map((definition) => definition.revision ?? '');
    return createHash('sha512')
      .update(JSON.stringify([this.#options.version, path, custom]))
      .digest('hex')
      .toUpperCase();
  }

  /** The v2 document, with the custom resources that there are now. */
  documentV2(): JsonObject {
    const document = this.#options.catalogue.openApiV2();
    const { paths, definitions } = this.#options.customV2();
    return {
      ...document,
      paths: { ...partOf(document, 'paths'), ...paths },
      definitions: { ...partOf(document, 'definitions'), ...definitions },
    };
  }

  /** The same in binary form. Two messages one after the other are their sum, so only the smaller is made anew. */
  binaryV2(): Buffer[] {
    const { catalogue, registry, customV2 } = this.#options;
    let common = builtInV2.get(catalogue);
    if (common === undefined) {
      common = openApiV2Protobuf(catalogue.openApiV2());
      builtInV2.set(catalogue, common);
    }
    if (this.#binary?.version !== registry.version) {
      this.#binary = { version: registry.version, bytes: openApiV2Protobuf(customV2()) };
    }
    return [common, this.#binary.bytes];
  }

  #binary: { version: number; bytes: Buffer } | undefined;

  /** The document of `api/v1` or `apis/<group>/<version>`; undefined where there is no such group version. */
  document(path: string): Buffer | undefined {
    const { group, version } = splitPath(path);
    const { discovery, registry, catalogue } = this.#options;
    if (!discovery.hasGroupVersion(group, version)) return undefined;
    const apiVersion = apiVersionOf({ group, version });
    if (registry.builtIn.some((definition) => apiVersionOf(definition) === apiVersion)) {
      let texts = builtIn.get(catalogue);
      if (texts === undefined) {
        texts = new Map();
        builtIn.set(catalogue, texts);
      }
      return cached(texts, path, () => catalogue.openApiV3(path));
    }
    if (this.#version !== registry.version) {
      this.#custom = new Map();
      this.#version = registry.version;
    }
    return cached(this.#custom, path, () => this.#options.custom({ group, version }) ?? {});
  }
}

function cached(texts: Map<string, Buffer>, path: string, make: () => JsonObject): Buffer {
  let text = texts.get(path);
  if (text === undefined) {
    text = Buffer.from(JSON.stringify(make()));
    texts.set(path, text);
  }
  return text;
}

function partOf(document: JsonObject, name: string): JsonObject {
  const part = document[name];
  return isJsonObject(part) ? part : {};
}

function pathOf(group: string, version: string): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}

function splitPath(path: string): { group: string; version: string } {
  const [root, first = '', second = ''] = path.split('/');
  return root === 'api' ? { group: '', version: first } : { group: first, version: second };
}
