import type { JsonObject } from '../../common/json.js';
import { describeEndpoints } from '../../policy/describe-endpoints.js';
import { readPolicy } from '../../policy/read-policies.js';
import { describeCriterion } from '../../policy/words.js';
import type { Graph } from './graph.js';

/** An arrow for each rule that allows, from whom it lets talk to whom it lets be talked to. */
export function graphOfPolicies(objects: readonly JsonObject[]): Graph {
  return {
    edges: objects.flatMap((object) => {
      const policy = readPolicy(object);
      if (policy === undefined) return [];
      const subject = describeEndpoints(policy.subject);
      return (['ingress', 'egress'] as const).flatMap((direction) =>
        (policy[direction] ?? [])
          .filter(({ action }) => action === 'allow')
          .map(({ when }) => {
            const far = direction === 'ingress' ? 'source' : 'destination';
            const words = (about: string): string =>
              when
                .filter((one) => one.about === about)
                .map(describeCriterion)
                .join(' and ');
            const other = words(far) || 'anywhere';
            const label = words('packet') || 'everything';
            return direction === 'ingress'
              ? { from: other, to: subject, label }
              : { from: subject, to: other, label };
          }),
      );
    }),
  };
}
