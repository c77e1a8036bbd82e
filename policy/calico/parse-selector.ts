import {
  allOf,
  EVERYTHING,
  isKind,
  NAME,
  type LabelPredicate,
  type Scope,
} from '../label-predicate.js';
import { SelectorError, tokenize, type Token, type TokenKind } from './selector-tokens.js';

/**
 * Reads a Calico selector that asks about endpoints (`own`), their namespaces or their service accounts. An
 * empty one selects everything. Throws a SelectorError that says where it is wrong. `||` binds least, then
 * `&&`, then `!`.
 */
export function parseSelector(selector: string, scope: Scope): LabelPredicate {
  const reader = new Reader(tokenize(selector), scope);
  if (reader.peek().kind === 'end') return EVERYTHING;
  const predicate = reader.readOr();
  const rest = reader.peek();
  if (rest.kind !== 'end') {
    throw new SelectorError('unexpected content at end of selector', rest.position);
  }
  return predicate;
}

class Reader {
  readonly #tokens: readonly Token[];
  readonly #scope: Scope;
  #at = 0;

  constructor(tokens: readonly Token[], scope: Scope) {
    this.#tokens = tokens;
    this.#scope = scope;
  }

  peek(): Token {
    const token = this.#tokens[Math.min(this.#at, this.#tokens.length - 1)];
    if (token === undefined) throw new Error('A token list has an end.');
    return token;
  }

  readOr(): LabelPredicate {
    const parts = [this.#readAnd()];
    while (this.#take('||') !== undefined) parts.push(this.#readAnd());
    const [only] = parts;
    return only !== undefined && parts.length === 1 ? only : { op: 'any', of: parts };
  }

  #readAnd(): LabelPredicate {
    const parts = [this.#readTerm()];
    while (this.#take('&&') !== undefined) parts.push(this.#readTerm());
    return allOf(...parts);
  }

  #readTerm(): LabelPredicate {
    if (this.#take('!') !== undefined) return { op: 'not', of: this.#readTerm() };
    const token = this.#next();
    if (token.kind === 'has') return this.#about(token.value, { op: 'exists' });
    if (token.kind === 'all()') return this.#scope === 'namespace' ? NAMESPACED : EVERYTHING;
    if (token.kind === 'global()') return { op: 'not', of: NAMESPACED };
    if (token.kind === 'label') return this.#readComparison(token.value);
    if (token.kind === '(') {
      const inner = this.readOr();
      this.#expect(')', 'expected )');
      return inner;
    }
    throw token.kind === 'end' ? cutShort(token) : wrong('unexpected token', token);
  }

  #readComparison(key: string): LabelPredicate {
    const operator = this.#next();
    const { kind } = operator;
    if (kind === '==' || kind === '!=') {
      const is = this.#about(key, { op: 'in', values: [this.#readText()] });
      return kind === '==' ? is : { op: 'not', of: is };
    }
    if (kind === 'in' || kind === 'not in') {
      const is = this.#about(key, { op: 'in', values: this.#readSet() });
      return kind === 'in' ? is : { op: 'not', of: is };
    }
    if (kind === 'contains') return this.#about(key, { op: 'contains', text: this.#readText() });
    if (kind === 'starts with') return this.#about(key, { op: 'starts', text: this.#readText() });
    if (kind === 'ends with') return this.#about(key, { op: 'ends', text: this.#readText() });
    throw kind === 'end' ? cutShort(operator) : wrong('expected == or != not', operator);
  }

  #readText(): string {
    return this.#expect('text', 'expected string').value;
  }

  #readSet(): string[] {
    this.#expect('{', 'expected set literal');
    const values: string[] = [];
    for (let text = this.#take('text'); text !== undefined; text = this.#take('text')) {
      values.push(text.value);
      if (this.#take(',') === undefined) break;
    }
    this.#expect('}', 'expected }');
    return values;
  }

  #about(key: string, question: Question): LabelPredicate {
    const place = placeOf(key, this.#scope);
    if (place !== 'orchestrator') return { ...question, ...place };
    return answers(question, 'k8s') ? isKind('pod') : { op: 'any', of: [] };
  }

  #next(): Token {
    const token = this.peek();
    this.#at += 1;
    return token;
  }

  #take(kind: TokenKind): Token | undefined {
    return this.peek().kind === kind ? this.#next() : undefined;
  }

  #expect(kind: TokenKind, reason: string): Token {
    const token = this.#next();
    if (token.kind === kind) return token;
    throw new SelectorError(reason, token.position);
  }
}

type Question =
  | { op: 'exists' }
  | { op: 'in'; values: readonly string[] }
  | { op: 'contains' | 'starts' | 'ends'; text: string };

/** Has a namespace: workloads and namespaced network sets. */
const NAMESPACED: LabelPredicate = { op: 'exists', scope: 'namespace', key: NAME };

/** Calico puts the labels of namespace and service account beside the endpoint's own, with prefixes. */
function placeOf(key: string, scope: Scope): { scope: Scope; key: string } | 'orchestrator' {
  if (scope !== 'own') return { scope, key: key === 'projectcalico.org/name' ? NAME : key };
  if (key === 'projectcalico.org/namespace') return { scope: 'namespace', key: NAME };
  if (key === 'projectcalico.org/serviceaccount') return { scope: 'account', key: NAME };
  if (key === 'projectcalico.org/orchestrator') return 'orchestrator';
  if (key.startsWith('pcns.')) return placeOf(key.slice('pcns.'.length), 'namespace');
  if (key.startsWith('pcsa.')) return placeOf(key.slice('pcsa.'.length), 'account');
  return { scope, key };
}

function answers(question: Question, value: string): boolean {
  switch (question.op) {
    case 'exists':
      return true;
    case 'in':
      return question.values.includes(value);
    case 'contains':
      return value.includes(question.text);
    case 'starts':
      return value.startsWith(question.text);
    case 'ends':
      return value.endsWith(question.text);
  }
}

const cutShort = ({ position }: Token): SelectorError =>
  new SelectorError('unexpected end of string looking for op', position);

const wrong = (reason: string, { kind, value, position }: Token): SelectorError =>
  new SelectorError(`${reason}: ${value === '' ? kind : value}`, position);
