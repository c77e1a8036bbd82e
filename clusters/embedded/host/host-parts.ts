import type { ImageSource } from '../kubelet/context.js';
import { BUILT_IN_RESOURCES } from '../api/kinds/index.js';
import type { ResourceDefinition } from '../api/resource-definition.js';
import type { SchemaCatalogue } from '../api/schema-catalogue.js';
import { schemaCatalogue } from '../api/schema/index.js';
import { createImageSource } from '../kubelet/image-source.js';

/** What all clusters of a host share: knowledge, read once. */
export interface HostParts {
  resources: readonly ResourceDefinition[];
  catalogue: SchemaCatalogue;
  images: ImageSource;
}

export function loadHostParts(): HostParts {
  return {
    resources: BUILT_IN_RESOURCES,
    catalogue: schemaCatalogue,
    images: createImageSource(),
  };
}
