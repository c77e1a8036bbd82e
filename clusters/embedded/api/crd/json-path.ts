import { isJsonObject } from '../../../../common/json.js';
import { equalJson } from '../json/json-values.js';

type Step =
  | { kind: 'field'; name: string }
  | { kind: 'index'; index: number }
  | { kind: 'all' }
  | { kind: 'deep'; name: string }
  | { kind: 'filter'; path: readonly Step[]; operator: string; value: unknown };

const compiled = new Map<string, readonly Step[]>();

/** The values at a JSONPath as printer columns write it: `.spec.size`, `.status.conditions[?(@.type=="Ready")].status`. */
export function valuesAtPath(object: unknown, path: string): unknown[] {
  let steps = compiled.get(path);
  if (steps === undefined) {
    steps = parsePath(path.replace(/^\{|\}$/g, '').replace(/^\$/, ''));
    compiled.set(path, steps);
  }
  return follow([object], steps);
}

function follow(values: readonly unknown[], steps: readonly Step[]): unknown[] {
  let current = [...values];
  for (const step of steps) current = current.flatMap((value) => take(value, step));
  return current;
}

function take(value: unknown, step: Step): unknown[] {
  switch (step.kind) {
    case 'field':
      return isJsonObject(value) && value[step.name] !== undefined ? [value[step.name]] : [];
    case 'index': {
      if (!Array.isArray(value)) return [];
      const item: unknown = value.at(step.index);
      return item === undefined ? [] : [item];
    }
    case 'all':
      return childrenOf(value);
    case 'deep':
      return [
        ...take(value, { kind: 'field', name: step.name }),
        ...childrenOf(value).flatMap((child) => take(child, step)),
      ];
    case 'filter':
      return childrenOf(value).filter((item) => {
        const found = follow([item], step.path);
        if (step.operator === '') return found.length > 0;
        return found.some((candidate) => compares(candidate, step.operator, step.value));
      });
  }
}

function compares(left: unknown, operator: string, right: unknown): boolean {
  switch (operator) {
    case '==':
      return equalJson(left, right);
    case '!=':
      return !equalJson(left, right);
    default: {
      if (typeof left !== 'number' || typeof right !== 'number') return false;
      if (operator === '<') return left < right;
      if (operator === '<=') return left <= right;
      return operator === '>' ? left > right : left >= right;
    }
  }
}

function childrenOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return isJsonObject(value) ? Object.values(value) : [];
}

function parsePath(path: string): readonly Step[] {
  const steps: Step[] = [];
  const token =
    /\.\.((?:\\.|[^.[\]])+)|\.((?:\\.|[^.[\]])*)|\[(-?\d+)\]|\[\*\]|\['((?:\\.|[^'])*)'\]|\[\?\((.*?)\)\]/y;
  let match = token.exec(path);
  while (match !== null) {
    const [text, deep, field, index, quoted, filter] = match;
    if (deep !== undefined) steps.push({ kind: 'deep', name: unescape(deep) });
    else if (field === '*' || text === '[*]') steps.push({ kind: 'all' });
    else if (field !== undefined) {
      if (field !== '') steps.push({ kind: 'field', name: unescape(field) });
    } else if (index !== undefined) steps.push({ kind: 'index', index: Number(index) });
    else if (quoted !== undefined) steps.push({ kind: 'field', name: unescape(quoted) });
    else if (filter !== undefined) steps.push(parseFilter(filter));
    match = token.exec(path);
  }
  return steps;
}

function parseFilter(filter: string): Step {
  const match = /^\s*@(.*?)\s*(?:(==|!=|<=|>=|<|>)\s*(.+?))?\s*$/.exec(filter);
  const [, path = '', operator = '', raw = ''] = match ?? [];
  return { kind: 'filter', path: parsePath(path), operator, value: literal(raw) };
}

function literal(text: string): unknown {
  const quoted = /^(["'])(.*)\1$/.exec(text);
  if (quoted !== null) return quoted[2];
  if (text === 'true' || text === 'false') return text === 'true';
  return text === '' || Number.isNaN(Number(text)) ? text : Number(text);
}

function unescape(name: string): string {
  return name.replace(/\\(.)/g, '$1');
}
