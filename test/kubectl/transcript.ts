/** One command of a transcript and what a terminal must show for it. */
export interface Step {
  line: number;
  command: string;
  /** Tried again until it holds: something that the cluster does in its own time. */
  isEventual: boolean;
  stdout: string[];
  stderr: string[];
  exitCode: number;
  /** Of kubectl: from this minor version on, or only before it. */
  since?: number;
  before?: number;
}

export interface Section {
  /** A sentence about behaviour: the name of the test. */
  title: string;
  steps: Step[];
}

const COMMAND = /^([$~])(?:(>=|<)1\.(\d+))? (.*)$/;

/**
 * Reads a transcript:
 *
 *     # A sentence that names what follows
 *     $ command            a command for bash; `> ` continues it, `~` instead of `$` tries until it holds,
 *     $>=1.24 command      `$>=1.24` and `$<1.24` are for kubectl from that version on, or before it
 *     line                 standard output, with the placeholders of `matches`
 *     ! line               standard error
 *     = 1                  the exit code, where it is not 0
 *
 * Empty lines separate and mean nothing, and so do lines that begin with `//`.
 */
export function parseTranscript(text: string): Section[] {
  const sections: Section[] = [];
  let step: Step | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const start = COMMAND.exec(line);
    if (line.startsWith('# ')) {
      sections.push({ title: line.slice(2), steps: [] });
      step = undefined;
    } else if (start !== null) {
      const [, kind, relation, minor, command = ''] = start;
      step = {
        line: index + 1,
        command,
        isEventual: kind === '~',
        stdout: [],
        stderr: [],
        exitCode: 0,
        ...(relation === '>=' && { since: Number(minor) }),
        ...(relation === '<' && { before: Number(minor) }),
      };
      const section = sections.at(-1);
      if (section === undefined) throw new Error(`line ${index + 1}: a command before any title`);
      section.steps.push(step);
    } else if (line.trim() === '' || line.startsWith('//')) continue;
    else if (step === undefined) throw new Error(`line ${index + 1}: output before any command`);
    else if (line.startsWith('> ') || line === '>') step.command += `\n${line.slice(2)}`;
    else if (line.startsWith('! ')) step.stderr.push(line.slice(2));
    else if (/^= \d+$/.test(line)) step.exitCode = Number(line.slice(2));
    else step.stdout.push(line);
  }
  return sections;
}

const PLACEHOLDERS: Readonly<Record<string, string>> = {
  age: String.raw`(?:(?:\d+[smhdy])+|<unknown>|<invalid>)`,
  hash: '[a-z0-9]+',
  ip: String.raw`\d+\.\d+\.\d+\.\d+`,
  n: String.raw`\d+`,
  uid: '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}',
  date: String.raw`(?:\w{3}, )?\d[-\w: +]*[\dZ]`,
  any: '.*',
};

/**
 * Whether output is as expected. `<age>`, `<hash>`, `<ip>`, `<n>`, `<uid>`, `<date>` and `<any>` stand for what
 * differs from run to run, a line `...` for any number of lines; how many spaces part two columns does not count.
 */
export function matches(actual: string, expected: readonly string[]): boolean {
  const lines = actual.split('\n').map(tidy);
  while (lines.at(-1) === '') lines.pop();
  const shown = lines.filter((line) => line !== '');
  return isMatch(shown, expected.map(tidy));
}

function isMatch(lines: readonly string[], expected: readonly string[]): boolean {
  const [first, ...rest] = expected;
  if (first === undefined) return lines.length === 0;
  if (first === '...') {
    return Array.from({ length: lines.length + 1 }, (_, i) => lines.slice(i)).some((left) =>
      isMatch(left, rest),
    );
  }
  const [line, ...others] = lines;
  return line !== undefined && patternOf(first).test(line) && isMatch(others, rest);
}

const patterns = new Map<string, RegExp>();

function patternOf(expected: string): RegExp {
  let pattern = patterns.get(expected);
  if (pattern === undefined) {
    const source = expected
      .split(/(<\w+>)/)
      .map((part) => placeholder(part) ?? part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('');
    pattern = new RegExp(`^${source}$`);
    patterns.set(expected, pattern);
  }
  return pattern;
}

function placeholder(part: string): string | undefined {
  return part.startsWith('<') ? PLACEHOLDERS[part.slice(1, -1)] : undefined;
}

/** Without the widths of columns and what terminals hide. */
function tidy(line: string): string {
  const text = line.replace(/[\r\t]/g, (char) => (char === '\t' ? '  ' : '')).trimEnd();
  const indent = /^ {0,8}/.exec(text)?.[0] ?? '';
  return indent + text.trimStart().replace(/ {2,}/g, '  ');
}
