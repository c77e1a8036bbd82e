import type { Comparison, PolicySet } from '../../policy/compare/compare.js';
import { describeWitness } from '../../policy/compare/describe-witness.js';
import { witnessWorld } from '../../policy/compare/witness-world.js';
import { decide } from '../../policy/decide.js';

/** What is said of a comparison; each side by its own name. */
export function describeDiff(
  result: Comparison,
  { a, b, names }: { a: PolicySet; b: PolicySet; names: { a: string; b: string } },
): string {
  const unknown =
    result.unknown === 0
      ? []
      : [`${result.unknown} objects are no policies known here and were not compared.`];
  if (result.equal) {
    return ['Equal: every possible connection fares alike under both.', ...unknown].join('\n');
  }
  const { witness } = result;
  const denies = witness.allowedBy === 'a' ? 'b' : 'a';
  return [
    `Different: ${names[witness.allowedBy]} allows a connection that ${names[denies]} denies.`,
    `  Connection: ${describeWitness(witness)}`,
    `  ${names.a}: ${explain(result, a)}`,
    `  ${names.b}: ${explain(result, b)}`,
    ...unknown,
  ].join('\n');
}

function explain(result: Comparison & { equal: false }, policies: PolicySet): string {
  const { world, flow } = witnessWorld(result.witness, policies);
  return decide(world, flow).explanation;
}
