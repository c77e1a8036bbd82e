/** Splits a Calico selector into tokens that know where they stand. */

export type TokenKind =
  | 'label'
  | 'text'
  | 'has'
  | 'all()'
  | 'global()'
  | '=='
  | '!='
  | 'in'
  | 'not in'
  | 'contains'
  | 'starts with'
  | 'ends with'
  | '&&'
  | '||'
  | '!'
  | '('
  | ')'
  | '{'
  | '}'
  | ','
  | 'end';

export interface Token {
  kind: TokenKind;
  /** The label's name or the text between quotes. */
  value: string;
  /** Counted from 1. */
  position: number;
}

/** What is wrong with a selector, and at which character, counted from 1. */
export class SelectorError extends Error {
  readonly reason: string;
  readonly position: number;

  constructor(reason: string, position: number) {
    super(`${reason} (at character ${position})`);
    this.reason = reason;
    this.position = position;
  }
}

/** Throws a SelectorError where no token can be read. The last token is always `end`. */
export function tokenize(selector: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    at += BLANK.exec(selector.slice(at))?.[0].length ?? 0;
    const previous = tokens.at(-1);
    const rest = selector.slice(at);
    if (rest === '') {
      tokens.push({ kind: 'end', value: '', position: at + 1 });
      return tokens;
    }
    const read = previous?.kind === 'label' ? readOperator(rest, previous) : readTerm(rest);
    if (typeof read === 'string') throw new SelectorError(read, at + 1);
    tokens.push({ kind: read.kind, value: read.value ?? '', position: at + 1 });
    at += read.length;
  }
}

interface Read {
  kind: TokenKind;
  value?: string;
  length: number;
}

/** Words are operators only right after a label: elsewhere a label may be called `in`. */
function readOperator(rest: string, { value }: Token): Read | string {
  for (const [kind, pattern] of WORDS) {
    const length = pattern.exec(rest)?.[0].length;
    if (length !== undefined) return { kind, length };
  }
  const sign = readSign(rest);
  return sign ?? `unexpected characters after label '${value}', was expecting an operator`;
}

function readTerm(rest: string): Read | string {
  const sign = readSign(rest);
  if (sign !== undefined) return sign;
  const has = HAS.exec(rest);
  if (has !== null) {
    const [whole, name = '', close = ''] = has;
    if (name === '') return 'no label name in has( expression';
    if (close === '') return "no closing ')' after has(";
    return { kind: 'has', value: name, length: whole.length };
  }
  for (const kind of ['all()', 'global()'] as const) {
    const name = kind.slice(0, -1);
    if (!rest.startsWith(name)) continue;
    const whole = CLOSE.exec(rest.slice(name.length))?.[0];
    if (whole === undefined) return `no closing ')' after ${name}`;
    return { kind, length: name.length + whole.length };
  }
  const label = LABEL.exec(rest)?.[0];
  if (label === undefined) return 'unexpected characters';
  if (label.length > MAX_LABEL) return `label is longer than ${MAX_LABEL} characters`;
  return { kind: 'label', value: label, length: label.length };
}

function readSign(rest: string): Read | string | undefined {
  for (const kind of SIGNS) {
    if (rest.startsWith(kind)) return { kind, length: kind.length };
  }
  const [first = ''] = rest;
  if (first === '=' || first === '&' || first === '|') return `expected ${first}${first}`;
  if (first !== '"' && first !== "'") return undefined;
  const end = rest.indexOf(first, 1);
  if (end < 0) return 'unterminated string';
  return { kind: 'text', value: rest.slice(1, end), length: end + 1 };
}

const BLANK = /^[ \t]+/;
const LABEL = /^[\w./-]+/;
const MAX_LABEL = 512;
const HAS = /^has\([ \t]*([\w./-]*)[ \t]*(\)?)/;
const CLOSE = /^[ \t]*\)/;
// Longer signs first.
const SIGNS = ['==', '!=', '&&', '||', '!', '(', ')', '{', '}', ','] as const;
const WORDS = [
  ['contains', /^contains/],
  ['starts with', /^starts[ \t]*with/],
  ['ends with', /^ends[ \t]*with/],
  ['not in', /^not[ \t]*in/],
  ['in', /^in/],
] as const;
