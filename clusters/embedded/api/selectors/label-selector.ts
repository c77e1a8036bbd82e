import { badRequest } from '../api-error.js';

export type LabelMatcher = (labels: Readonly<Record<string, string>>) => boolean;

type Token =
  | { kind: 'word' | 'end'; text: string }
  | { kind: ',' | '(' | ')' | '!' | '=' | '==' | '!=' | '>' | '<'; text: string };

interface Requirement {
  key: string;
  operator: 'exists' | '!' | 'in' | 'notin' | '=' | '!=' | '>' | '<';
  values: readonly string[];
}

const OPERATORS = 'in, notin, =, ==, !=, gt, lt';
const NO_LABELS = {};

/** Parses `a=b,c in (d,e),!f` as the real server does. Undefined for an empty selector, which matches all. */
export function parseLabelSelector(text: string): LabelMatcher | undefined {
  const requirements = new Parser(tokenize(text)).parse();
  if (requirements.length === 0) return undefined;
  return (labels) => requirements.every((requirement) => matches(requirement, labels));
}

export function matchesLabels(
  matcher: LabelMatcher | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  return matcher === undefined || matcher(labels ?? NO_LABELS);
}

function matches(requirement: Requirement, labels: Readonly<Record<string, string>>): boolean {
  const { key, operator, values } = requirement;
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case 'in':
    case '=':
      return value !== undefined && values.includes(value);
    case 'notin':
    case '!=':
      return value === undefined || !values.includes(value);
    case '>':
    case '<': {
      if (value === undefined || !/^[+-]?\d+$/.test(value)) return false;
      const difference = Number(value) - Number(values[0]);
      return operator === '>' ? difference > 0 : difference < 0;
    }
  }
}

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): Requirement[] {
    const requirements: Requirement[] = [];
    const first = this.#peek();
    if (first.kind === 'end') return requirements;
    if (first.kind !== 'word' && first.kind !== '!') {
      throw badRequest(`found '${first.text}', expected: !, identifier, or 'end of string'`);
    }
    for (;;) {
      requirements.push(this.#requirement());
      const token = this.#take();
      if (token.kind === 'end') return requirements;
      if (token.kind !== ',') {
        throw badRequest(`found '${token.text}', expected: ',' or 'end of string'`);
      }
      const following = this.#peek();
      if (following.kind !== 'word' && following.kind !== '!') {
        throw badRequest(`found '${following.text}', expected: identifier after ','`);
      }
    }
  }

  #requirement(): Requirement {
    const negated = this.#peek().kind === '!';
    if (negated) this.#take();
    const key = this.#take();
    if (key.kind !== 'word') throw unparsable(`found '${key.text}', expected: identifier`);
    if (negated) return { key: key.text, operator: '!', values: [] };
    const next = this.#peek();
    if (next.kind === 'end' || next.kind === ',') {
      return { key: key.text, operator: 'exists', values: [] };
    }
    const operator = this.#take();
    if (operator.kind === 'word' && (operator.text === 'in' || operator.text === 'notin')) {
      return { key: key.text, operator: operator.text, values: this.#values() };
    }
    switch (operator.kind) {
      case '=':
      case '==':
        return { key: key.text, operator: '=', values: [this.#exactValue()] };
      case '!=':
        return { key: key.text, operator: '!=', values: [this.#exactValue()] };
      case '>':
      case '<': {
        const value = this.#exactValue();
        if (!/^[+-]?\d+$/.test(value)) {
          throw unparsable(
            `values[0][${key.text}]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
          );
        }
        return { key: key.text, operator: operator.kind, values: [value] };
      }
      case 'word':
      case 'end':
      case ',':
      case '(':
      case ')':
      case '!':
        throw unparsable(`found '${operator.text}', expected: ${OPERATORS}`);
    }
  }

  #values(): string[] {
    const open = this.#take();
    if (open.kind !== '(') throw unparsable(`found '${open.text}', expected: '('`);
    const values: string[] = [];
    // Empty values are values: `a in (,b)` names the empty one.
    for (let expectValue = true; ;) {
      const token = this.#take();
      if (token.kind === 'word') {
        if (!expectValue) throw unparsable(`found '${token.text}', expected: ',' or ')'`);
        values.push(token.text);
        expectValue = false;
      } else if (token.kind === ',') {
        if (expectValue) values.push('');
        expectValue = true;
      } else if (token.kind === ')') {
        if (expectValue) values.push('');
        return values;
      } else {
        const wanted = expectValue ? "',', or identifier" : "',' or ')'";
        throw unparsable(`found '${token.text}', expected: ${wanted}`);
      }
    }
  }

  #exactValue(): string {
    const next = this.#peek();
    if (next.kind === 'end' || next.kind === ',') return '';
    const token = this.#take();
    if (token.kind !== 'word') throw unparsable(`found '${token.text}', expected: identifier`);
    return token.text;
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', text: '' };
  }

  #take(): Token {
    const token = this.#peek();
    this.#next += 1;
    return token;
  }
}

function unparsable(why: string): Error {
  return badRequest(`unable to parse requirement: ${why}`);
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern = /\s*(==|!=|[=!,()<>]|[^\s=!,()<>]+)/y;
  for (;;) {
    const word = pattern.exec(text)?.[1];
    if (word === undefined) return tokens;
    switch (word) {
      case '==':
      case '!=':
      case '=':
      case '!':
      case ',':
      case '(':
      case ')':
      case '<':
      case '>':
        tokens.push({ kind: word, text: word });
        break;
      default:
        tokens.push({ kind: 'word', text: word });
    }
  }
}
