import type { FileProblem } from './lab-file.js';

/** What a drawing may hold: shapes, text, and links within itself. */
const ELEMENTS = new Set(
  'svg title desc defs marker g path rect circle ellipse line polyline polygon text tspan use symbol clipPath'.split(
    ' ',
  ),
);
const COLOURS =
  /^(none|currentColor|inherit|var\(--diagram-[a-z]+(, ?(none|currentColor))?\)|url\(#[a-z0-9-]+\))$/;

/**
 * A drawing goes into the page as it is, so it may hold no scripts, styles or outside links; it must have a
 * text alternative, ids of its own, and colours that follow the page's theme.
 */
export function brokenDiagramRules(name: string, svg: string): FileProblem[] {
  const problems: FileProblem[] = [];
  const at = (offset: number) => {
    const before = svg.slice(0, offset).split('\n');
    return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
  };
  const whole = { line: 1, column: 1 };
  const open: string[] = [];
  for (const match of svg.matchAll(
    /<!--|<!|<\?|<(\/?)([A-Za-z][\w:-]*)((?:\s+[\w:-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|</g,
  )) {
    const [text, closing, element, attributes = '', selfClosing] = match;
    const place = at(match.index);
    if (element === undefined) {
      problems.push({
        ...place,
        message: `"${text}" is not allowed in a drawing`,
        fix: 'Leave out comments, declarations and unquoted attributes.',
      });
      continue;
    }
    if (closing === '/') {
      if (open.pop() !== element)
        problems.push({
          ...place,
          message: `</${element}> closes nothing`,
          fix: 'Close elements in the order in which they were opened.',
        });
      continue;
    }
    if (selfClosing !== '/') open.push(element);
    if (!ELEMENTS.has(element)) {
      problems.push({
        ...place,
        message: `<${element}> is not allowed in a drawing`,
        fix: `Allowed: ${[...ELEMENTS].join(', ')}.`,
      });
    }
    for (const [, key = '', value = ''] of attributes.matchAll(
      /([\w:-]+)\s*=\s*["']([^"']*)["']/g,
    )) {
      const problem = attributeProblem(name, key, value);
      if (problem !== undefined) problems.push({ ...place, ...problem });
    }
  }
  if (open.length > 0)
    problems.push({
      ...whole,
      message: `<${open.join('>, <')}> is never closed`,
      fix: 'Close it.',
    });
  const root = /<svg\b([^>]*)>/.exec(svg)?.[1] ?? '';
  if (
    !root.includes('role="img"') ||
    !root.includes(`aria-labelledby="${name}-title ${name}-desc"`)
  ) {
    problems.push({
      ...whole,
      message: 'the drawing is not announced',
      fix: `Give <svg> role="img" and aria-labelledby="${name}-title ${name}-desc".`,
    });
  }
  if (!root.includes('viewBox='))
    problems.push({
      ...whole,
      message: 'the drawing cannot be scaled',
      fix: 'Give <svg> a viewBox.',
    });
  for (const element of ['title', 'desc']) {
    if (!new RegExp(`<${element} id="${name}-${element}">[^<]{3,}</${element}>`).test(svg)) {
      problems.push({
        ...whole,
        message: `the drawing has no <${element} id="${name}-${element}">`,
        fix: 'Say in words what it shows.',
      });
    }
  }
  return problems;
}

function attributeProblem(
  name: string,
  key: string,
  value: string,
): Omit<FileProblem, 'line' | 'column'> | undefined {
  if (/^on/i.test(key) || key === 'style')
    return { message: `the attribute "${key}" is not allowed`, fix: 'Leave it out.' };
  if (key.endsWith('href') && !value.startsWith('#'))
    return { message: `"${value}" leads out of the drawing`, fix: 'Draw it here.' };
  if (key === 'id' && !value.startsWith(`${name}-`)) {
    return {
      message: `the id "${value}" could meet another one in the page`,
      fix: `Call it "${name}-${value}".`,
    };
  }
  if (['fill', 'stroke', 'color'].includes(key) && !COLOURS.test(value)) {
    return {
      message: `the colour "${value}" does not follow the theme`,
      fix: 'Use currentColor, none, or var(--diagram-allow, currentColor); see labs/README.md.',
    };
  }
  return undefined;
}
