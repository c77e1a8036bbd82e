import MarkdownIt from 'markdown-it';
import { nearestNames } from '../common/nearest.js';
import {
  PLACEHOLDERS,
  type Placeholder,
  type StepBlock,
  type StepText,
} from '../common/step-text.js';
import type { FileProblem } from './lab-file.js';

const FENCES = ['run', 'file', 'hint', 'question', 'diagram'] as const;
const FENCE_OPTIONS: Record<(typeof FENCES)[number], readonly string[]> = {
  run: [],
  hint: [],
  file: ['path'],
  question: ['id'],
  diagram: ['name'],
};
/** Code that is only shown: output, and files to read. */
const PLAIN_FENCES = ['', 'text', 'yaml', 'json', 'bash', 'sh', 'console', 'diff'];
const PROVIDERS = ['embedded', 'kind', 'existing'];

// `html` on only to find HTML: nothing is rendered with this parser.
const parser = new MarkdownIt({ html: true });

/** Understands a step's Markdown. Everything unknown is a problem with its line; the rest is still returned. */
export function parseStepText(markdown: string): { text: StepText; problems: FileProblem[] } {
  const problems: FileProblem[] = [];
  const blocks: StepBlock[] = [];
  for (const part of splitProviders(markdown, problems)) {
    const inner = parseBlocks(part.lines, { firstLine: part.firstLine, problems });
    if (part.provider === undefined) blocks.push(...inner);
    else {
      blocks.push({
        type: 'provider',
        provider: part.provider,
        blocks: inner,
        line: part.firstLine - 1,
      });
    }
  }
  return { text: { blocks }, problems };
}

/** Every block, those inside provider blocks included. */
export function allBlocks(text: { blocks: readonly StepBlock[] }): StepBlock[] {
  return text.blocks.flatMap((block) =>
    block.type === 'provider' ? [block, ...allBlocks(block)] : [block],
  );
}

export function isPlaceholder(name: string): name is Placeholder {
  return Object.hasOwn(PLACEHOLDERS, name);
}

interface Part {
  lines: string[];
  firstLine: number;
  provider?: string;
}

/** Cuts the text at `:::provider name` … `:::`, which stand alone on their lines and do not nest. */
function splitProviders(markdown: string, problems: FileProblem[]): Part[] {
  const parts: Part[] = [];
  let part: Part = { lines: [], firstLine: 1 };
  let fence: string | undefined;
  markdown.split(/\r?\n/).forEach((line, index) => {
    const number = index + 1;
    const mark = /^\s*(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence === undefined) fence = mark;
    else if (mark?.startsWith(fence) === true && line.trim() === mark) fence = undefined;
    if (fence !== undefined || !line.startsWith(':::')) {
      part.lines.push(line);
      return;
    }
    const words = line.slice(3).trim().split(/\s+/).filter(Boolean);
    const problem = (message: string, fix: string) => {
      problems.push({ line: number, column: 1, message, fix });
    };
    if (part.provider !== undefined && words.length > 0) {
      problem('a ":::" block inside another', 'Close the first one with ":::" before.');
    }
    if (words.length > 0 && words[0] !== 'provider') {
      problem(`unknown block ":::${words.join(' ')}"`, 'The only one is ":::provider <name>".');
    } else if (words.length > 0 && !PROVIDERS.includes(words[1] ?? '')) {
      problem(`unknown provider "${words[1] ?? ''}"`, `Known: ${PROVIDERS.join(', ')}.`);
    } else if (words.length === 0 && part.provider === undefined) {
      problem(
        '":::" closes a block that was never opened',
        'Remove it, or open one with ":::provider <name>".',
      );
    }
    parts.push(part);
    const provider = words[1];
    part = { lines: [], firstLine: number + 1, ...(provider === undefined ? {} : { provider }) };
  });
  parts.push(part);
  if (part.provider !== undefined) {
    problems.push({
      line: part.firstLine - 1,
      column: 1,
      message: 'this ":::provider" block is never closed',
      fix: 'End it with a line ":::".',
    });
  }
  return parts;
}

function parseBlocks(
  lines: string[],
  context: { firstLine: number; problems: FileProblem[] },
): StepBlock[] {
  const { firstLine, problems } = context;
  const tokens = parser.parse(lines.join('\n'), {});
  const blocks: StepBlock[] = [];
  let proseFrom = 0;
  const flush = (until: number) => {
    const markdown = lines.slice(proseFrom, until).join('\n');
    if (markdown.trim() !== '')
      blocks.push({ type: 'prose', markdown, line: firstLine + proseFrom });
  };
  for (const token of tokens) {
    const [start, end] = token.map ?? [0, 0];
    const line = firstLine + start;
    const problem = (message: string, fix: string) => {
      problems.push({ line, column: 1, message, fix });
    };
    if (token.type === 'html_block') {
      problem(
        'raw HTML',
        'Use Markdown only; drawings go into diagrams/*.svg and a "diagram" fence.',
      );
    }
    if (token.type === 'inline') {
      for (const child of token.children ?? []) {
        if (child.type === 'html_inline')
          problem(`raw HTML "${child.content}"`, 'Write it in backquotes, or in words.');
        if (child.type === 'image')
          problem(
            'an image',
            'Put a drawing into diagrams/<name>.svg and show it with a "diagram" fence.',
          );
        if (child.type === 'text' || child.type === 'code_inline')
          checkPlaceholders(child.content, problem);
      }
    }
    if (token.type !== 'fence') continue;
    const { word, options } = parseInfo(token.info);
    checkPlaceholders(token.content, problem);
    const name = FENCES.find((known) => known === word);
    if (name === undefined) {
      if (!PLAIN_FENCES.includes(word)) {
        const known = [...FENCES, ...PLAIN_FENCES.filter(Boolean)];
        const [nearest] = nearestNames(word, known);
        problem(
          `unknown fence "${word}"`,
          nearest === undefined ? `Known: ${known.join(', ')}.` : `Did you mean "${nearest}"?`,
        );
      }
      continue;
    }
    if (token.level > 0) {
      problem(
        `a "${name}" fence inside a list or a quotation`,
        'Start it at the beginning of the line.',
      );
      continue;
    }
    const block = fenceBlock(name, { content: token.content, options, line, problem });
    flush(start);
    proseFrom = end;
    if (block !== undefined) blocks.push(block);
  }
  flush(lines.length);
  return blocks;
}

function fenceBlock(
  name: (typeof FENCES)[number],
  fence: {
    content: string;
    options: Readonly<Record<string, string>>;
    line: number;
    problem: (message: string, fix: string) => void;
  },
): StepBlock | undefined {
  const { content, options, line, problem } = fence;
  const allowed = FENCE_OPTIONS[name];
  for (const key of Object.keys(options)) {
    if (!allowed.includes(key))
      problem(
        `"${key}=" is unknown for "${name}"`,
        allowed.length > 0 ? `Known: ${allowed.join(', ')}.` : 'It takes none.',
      );
  }
  const needed = (key: string): string => {
    const value = options[key];
    if (value === undefined) problem(`"${name}" needs ${key}=…`, `Write \`\`\`${name} ${key}=…`);
    return value ?? '';
  };
  switch (name) {
    case 'run':
      if (content.trim() === '')
        problem('a "run" fence without a command', 'Write the command, or remove the fence.');
      return { type: 'run', command: content.replace(/\n+$/, ''), line };
    case 'hint':
      return { type: 'hint', markdown: content, line };
    case 'file': {
      const path = needed('path');
      if (path.startsWith('/') || path.split('/').includes('..')) {
        problem(
          `the file "${path}" is outside of the home`,
          'Name it relative to the home: deny-all.yaml',
        );
      }
      const language = /\.([a-z]+)$/.exec(path)?.[1] ?? 'text';
      return { type: 'file', path, text: content, language, line };
    }
    case 'question':
      return { type: 'question', id: needed('id'), line };
    case 'diagram':
      return { type: 'diagram', name: needed('name'), line };
  }
}

/** `file path=deny-all.yaml` to its word and its options. */
function parseInfo(info: string): { word: string; options: Record<string, string> } {
  const [word = '', ...rest] = info.trim().split(/\s+/).filter(Boolean);
  const options: Record<string, string> = {};
  for (const pair of rest) {
    const [key = '', ...value] = pair.split('=');
    options[key] = value.join('=').replace(/^"|"$/g, '');
  }
  return { word, options };
}

function checkPlaceholders(text: string, problem: (message: string, fix: string) => void): void {
  for (const [whole, name = ''] of text.matchAll(/\{\{\s*([^}]*?)\s*\}\}/g)) {
    if (isPlaceholder(name)) continue;
    const [nearest] = nearestNames(name, Object.keys(PLACEHOLDERS));
    problem(
      `unknown placeholder ${whole}`,
      nearest === undefined
        ? `Known: ${Object.keys(PLACEHOLDERS).join(', ')}.`
        : `Did you mean {{ ${nearest} }}?`,
    );
  }
}
