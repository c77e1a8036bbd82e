import { FAMILIES } from './find-image.js';
import type { ImageEntry } from './image-entry.js';

/** The page that says what stands in for what, in Markdown. */
export function renderImageList(): string {
  const sections = Object.entries(FAMILIES).map(
    ([title, entries]) => `## ${title}\n\n${renderTable(entries)}`,
  );
  return `# Images of the embedded cluster

There is no registry to pull from. The embedded cluster knows the images below; each is a real process that
serves the real protocol's first words on the real port, but hardly any is the real program. Versions in tags
are accepted and mean nothing, unless a tag plainly does not exist (\`nginx:1.161\`). Any other image ends in
\`ImagePullBackOff\`, with an event that names the nearest ones.

On clusters of kind the images are the real ones.

${sections.join('\n\n')}
`;
}

const renderTable = (entries: readonly ImageEntry[]): string =>
  [
    '| image | ports | what it is here |',
    '|---|---|---|',
    ...entries.map(({ names, ports, honesty, needs }) => {
      const [name, ...others] = names;
      const also = others.length === 0 ? '' : ` (also ${others.map(code).join(', ')})`;
      const only =
        needs === undefined ? '' : ` Only where the machine has ${needs.map(code).join(' and ')}.`;
      return `| ${code(name)}${also} | ${(ports ?? []).join(', ')} | ${honesty}${only} |`;
    }),
  ].join('\n');

const code = (text: string): string => `\`${text}\``;
