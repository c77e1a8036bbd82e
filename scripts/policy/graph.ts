/** Who reaches whom, as DOT and as a drawing of our own: sources to the left, targets to the right. */
export interface Graph {
  edges: readonly { from: string; to: string; label: string }[];
}

export function toDot({ edges }: Graph): string {
  const lines = edges.map(
    ({ from, to, label }) => `  ${quoted(from)} -> ${quoted(to)} [label=${quoted(label)}];`,
  );
  return ['digraph policies {', '  rankdir=LR;', '  node [shape=box];', ...lines, '}'].join('\n');
}

const quoted = (text: string): string =>
  `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

const ROW = 56;
const GAP = 260;
const LETTER = 7.2;
const PADDING = 14;

export function toSvg({ edges }: Graph): string {
  const sources = [...new Set(edges.map(({ from }) => from))];
  const targets = [...new Set(edges.map(({ to }) => to))];
  const wide = (texts: readonly string[]): number =>
    Math.ceil(Math.max(0, ...texts.map((text) => text.length)) * LETTER) + 2 * PADDING;
  const [left, right] = [wide(sources), wide(targets)];
  const gap = Math.max(GAP, wide(edges.map(({ label }) => label)) + 40);
  const rows = Math.max(sources.length, targets.length, 1);
  const [width, height] = [left + gap + right + 2 * PADDING, rows * ROW + 2 * PADDING];
  const middleOf = (list: readonly string[], item: string): number =>
    PADDING + ((list.indexOf(item) + 0.5) * rows * ROW) / Math.max(1, list.length);
  const box = (text: string, x: number, { y, w }: { y: number; w: number }): string =>
    `<rect x="${x}" y="${y - 16}" width="${w}" height="32" rx="6" fill="#fff" stroke="#334155"/>` +
    `<text x="${x + w / 2}" y="${y + 4}" text-anchor="middle">${escaped(text)}</text>`;
  const seen = new Map<string, number>();
  const lines = edges.map(({ from, to, label }) => {
    const [x1, x2] = [PADDING + left, PADDING + left + gap];
    const [y1, y2] = [middleOf(sources, from), middleOf(targets, to)];
    // Several arrows between the same two stand one below the other.
    const nth = seen.get(`${from}\n${to}`) ?? 0;
    seen.set(`${from}\n${to}`, nth + 1);
    const at = 0.35;
    return (
      `<line x1="${x1}" y1="${y1}" x2="${x2 - 6}" y2="${y2}" stroke="#0f766e" marker-end="url(#tip)"/>` +
      `<text x="${x1 + gap * at}" y="${y1 + (y2 - y1) * at - 6 + 14 * nth}" text-anchor="middle" fill="#0f766e">${escaped(label)}</text>`
    );
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="12">`,
    '<title>Who reaches whom</title>',
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="#0f766e"/></marker></defs>',
    `<rect width="${width}" height="${height}" fill="#f8fafc"/>`,
    ...lines,
    ...sources.map((text) => box(text, PADDING, { y: middleOf(sources, text), w: left })),
    ...targets.map((text) =>
      box(text, PADDING + left + gap, { y: middleOf(targets, text), w: right }),
    ),
    '</svg>',
  ].join('\n');
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
