/** Which policies and profiles count at a host endpoint. */
import type { NormalPolicy, Profile } from './normal-form.js';
import type { IndexedEndpoint } from './endpoints.js';
import type { AppliedTier, WorldIndex } from './world-index.js';

/** In the order the host endpoint names them. */
export const profilesOf = (index: WorldIndex, { host }: IndexedEndpoint): Profile[] =>
  (host?.profiles ?? []).flatMap((name) =>
    index.policies.profiles.filter((profile) => profile.name === name),
  );

/** Tiers reduced to some of their policies; one without any is left out. */
export const having = (
  tiers: readonly AppliedTier[],
  isWanted: (policy: NormalPolicy) => boolean,
): AppliedTier[] =>
  tiers.flatMap(({ tier, policies }) => {
    const own = policies.filter(isWanted);
    return own.length === 0 ? [] : [{ tier, policies: own }];
  });

/** What they do not decide goes on. */
export const openEnded = (tiers: readonly AppliedTier[]): AppliedTier[] =>
  tiers.map(({ tier, policies }) => ({ tier: { ...tier, defaultAction: 'pass' }, policies }));
