import { LineCounter, parseAllDocuments } from 'yaml';
import type { JsonObject } from './json.js';
import { isJsonObject } from './json.js';

export interface YamlProblem {
  message: string;
  line: number;
  column: number;
}

/**
 * Reads manifests as kubectl does: YAML 1.1 (`yes` is true, `0755` is octal) but without its dates and
 * base-60 numbers, several documents, empty ones left out, `List`s opened.
 */
export function parseManifests(text: string): { objects: JsonObject[]; problems: YamlProblem[] } {
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
  const problems: YamlProblem[] = [];
  if (!Array.isArray(documents)) return { objects, problems };
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
    if (!isJsonObject(value)) problems.push({ message: 'not a Kubernetes object', ...start });
    else if (value['kind'] === 'List' && Array.isArray(value['items'])) {
      objects.push(...value['items'].filter((item) => isJsonObject(item)));
    } else if (typeof value['apiVersion'] !== 'string' || typeof value['kind'] !== 'string') {
      problems.push({ message: 'apiVersion and kind are missing', ...start });
    } else objects.push(value);
  }
  return { objects, problems };
}
