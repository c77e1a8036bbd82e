import { isNode, LineCounter, parseAllDocuments } from 'yaml';
import type { JsonObject } from './json.js';
import { isJsonObject } from './json.js';

export interface YamlProblem {
  message: string;
  line: number;
  column: number;
}

export interface Manifests {
  objects: JsonObject[];
  /** For each object: the line of a field, or of what is nearest around it. */
  lineOf: ((path: readonly (string | number)[]) => number)[];
  problems: YamlProblem[];
}

/**
 * Reads manifests as kubectl does: YAML 1.1 (`yes` is true, `0755` is octal) but without its dates and
 * base-60 numbers, several documents, empty ones left out, `List`s opened.
 */
export function parseManifests(text: string): Manifests {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    version: '1.1',
    lineCounter: lines,
    prettyErrors: false,
    customTags: (tags) =>
      tags.filter(
        (tag) =>
          typeof tag === 'string' ||
          (tag.tag !== 'tag:yaml.org,2002:timestamp' &&
            !('format' in tag && tag.format === 'TIME')),
      ),
  });
  const objects: JsonObject[] = [];
  const lineOf: Manifests['lineOf'] = [];
  const problems: YamlProblem[] = [];
  if (!Array.isArray(documents)) return { objects, lineOf, problems };
  for (const document of documents) {
    const at = (offset: number) => {
      const { line, col } = lines.linePos(offset);
      return { line, column: col };
    };
    for (const error of document.errors) {
      problems.push({ message: error.message, ...at(error.pos[0]) });
    }
    if (document.errors.length > 0 || document.contents === null) continue;
    const value: unknown = document.toJS();
    if (value === null) continue;
    const start = at(document.contents.range[0]);
    const add = (object: JsonObject, own: readonly (string | number)[]): void => {
      objects.push(object);
      lineOf.push((path) => {
        for (let length = path.length; length > 0; length -= 1) {
          const node = document.getIn([...own, ...path.slice(0, length)], true);
          const offset = isNode(node) ? node.range?.[0] : undefined;
          if (offset !== undefined) return at(offset).line;
        }
        const node = document.getIn(own, true);
        return isNode(node) ? at(node.range?.[0] ?? 0).line : start.line;
      });
    };
    if (!isJsonObject(value)) problems.push({ message: 'not a Kubernetes object', ...start });
    else if (value['kind'] === 'List' && Array.isArray(value['items'])) {
      for (const [i, item] of value['items'].entries()) {
        if (isJsonObject(item)) add(item, ['items', i]);
      }
    } else if (typeof value['apiVersion'] !== 'string' || typeof value['kind'] !== 'string') {
      problems.push({ message: 'apiVersion and kind are missing', ...start });
    } else add(value, []);
  }
  return { objects, lineOf, problems };
}
