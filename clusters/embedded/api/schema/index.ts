import { BUILT_IN_RESOURCES } from '../kinds/index.js';
import { isKubeObject } from '../json/object-json.js';
import type { ResourceDefinition } from '../resource-definition.js';
import type { SchemaCatalogue, TypeSchema } from '../schema-catalogue.js';
import { badRequest } from '../api-error.js';
import { loadCatalogueData } from './load-catalogue.js';
import type { CatalogueData } from './catalogue-data.js';
import { decodeDocument } from './decode.js';
import { decodeEnvelope } from './protobuf.js';
import { openApiV3Document } from './openapi-v3.js';
import { openApiV2Document } from './openapi-v2.js';
import { splitTypeName } from './packages.js';

/** The one catalogue of built-in types. Nothing is read before its first use, no package before its first type. */
export const schemaCatalogue: SchemaCatalogue = createSchemaCatalogue({
  load: loadCatalogueData,
  resources: BUILT_IN_RESOURCES,
});

/** A catalogue over generated data; `load` runs once, when something is first asked for. */
export function createSchemaCatalogue(options: {
  load: () => CatalogueData;
  resources: readonly ResourceDefinition[];
}): SchemaCatalogue {
  const { resources } = options;
  const packages = new Map<string, Readonly<Record<string, TypeSchema>>>();
  let data: CatalogueData | undefined;
  const loaded = (): CatalogueData => (data ??= options.load());

  const typeOf = (group: string, version: string, kind: string): string | undefined => {
    const { kinds } = loaded();
    return kinds[`${group}/${version}/${kind}`] ?? kinds[`meta.k8s.io/v1/${kind}`];
  };
  const type = (name: string): TypeSchema | undefined => {
    const { packageName, name: short } = splitTypeName(name);
    let content = packages.get(packageName);
    if (content === undefined) {
      content = parsePackage(loaded().packages[packageName] ?? '{}');
      packages.set(packageName, content);
    }
    return Object.hasOwn(content, short) ? content[short] : undefined;
  };
  const groupVersions = [
    ...new Map(
      resources.map(({ group, version }) => [`${group}/${version}`, { group, version }]),
    ).values(),
  ];

  return {
    typeOf,
    type,
    decode(document, typeName) {
      const { object, unknownFields } = decodeDocument(document, typeName, type);
      if (!isKubeObject(object)) throw badRequest('the object has no kind, version or metadata');
      return { object, unknownFields };
    },
    decodeProtobuf: (body) => decodeEnvelope(body, { typeOf, type }),
    openApiV3(groupVersion) {
      const path = `/${groupVersion}`;
      const own = resources.filter(({ group, version }) =>
        group === '' ? path === `/api/${version}` : path === `/apis/${group}/${version}`,
      );
      return openApiV3Document(own, { typeOf, type }, { version: 3, groupVersions });
    },
    openApiV2: () => openApiV2Document(resources, { typeOf, type }, { version: 2, groupVersions }),
  };
}

function parsePackage(text: string): Readonly<Record<string, TypeSchema>> {
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- our own generator wrote it, from TypeSchema values
  return JSON.parse(text) as Record<string, TypeSchema>;
}
