import type { ResourceDefinition } from '../resource-definition.js';
import type { SchemaCatalogue } from '../schema-catalogue.js';
import { catalogueNode } from './catalogue-nodes.js';
import { ANY } from './type-node.js';
import type { TypeNode } from './type-node.js';

/** How patches and server-side apply see a resource's objects. */
export function definitionNode(
  catalogue: SchemaCatalogue,
  definition: ResourceDefinition,
): TypeNode {
  if (definition.typeNode !== undefined) return definition.typeNode;
  const name = catalogue.typeOf(definition.group, definition.version, definition.kind);
  return name === undefined ? ANY : catalogueNode(catalogue, name);
}
