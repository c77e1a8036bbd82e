import type { ASTNode, Environment } from '@marcbachmann/cel-js';

/** What `has` of a field of anything but a chain of names becomes. No expression of others can mean it. */
const FUNCTION = 'has_field_of_';
/** More of them are left as they are, and refused. */
const MOST = 50;

/**
 * The interpreter knows `has(a.b.c)`, not `has(a.b[0].c)`, which the language allows: such calls are written as
 * calls of a function of ours. The text comes back as it is where there are none.
 */
export function rewriteHas(source: string, env: Environment): string {
  if (!source.includes('has')) return source;
  let text = source;
  for (let turn = 0; turn < MOST; turn += 1) {
    const call = findCall(env.parse(text).ast);
    if (call === undefined) return text;
    const { node, holder, field } = call;
    const inner = text.slice(holder.start, holder.end);
    text = `${text.slice(0, node.start)}${FUNCTION}(${inner}, ${JSON.stringify(field)})${text.slice(node.end)}`;
  }
  return text;
}

export function addHasField(env: Environment): void {
  env.registerFunction(`${FUNCTION}(dyn, string): bool`, (holder: unknown, field: string) => {
    if (holder instanceof Map) return holder.has(field);
    return typeof holder === 'object' && holder !== null && Object.hasOwn(holder, field);
  });
}

function findCall(node: unknown): { node: ASTNode; holder: ASTNode; field: string } | undefined {
  if (Array.isArray(node)) {
    for (const part of node) {
      const found = findCall(part);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (!isNode(node)) return undefined;
  if (node.op === 'call' && node.args[0] === 'has') {
    const [argument] = node.args[1];
    if (argument?.op === '.' && !isChain(argument.args[0])) {
      return { node, holder: argument.args[0], field: argument.args[1] };
    }
  }
  return findCall(node.args);
}

function isChain(node: ASTNode): boolean {
  if (node.op === 'id') return true;
  return (node.op === '.' || node.op === '.?') && isChain(node.args[0]);
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}
