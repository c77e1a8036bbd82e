import type { HorizontalPodAutoscalerSpec } from 'kubernetes-types/autoscaling/v2.js';

type Behavior = NonNullable<HorizontalPodAutoscalerSpec['behavior']>;
type ScalingRules = NonNullable<Behavior['scaleUp']>;

/** At times (milliseconds), how many replicas were recommended, or how many came or went. */
export interface History {
  recommendations: { at: number; replicas: number }[];
  changes: { at: number; by: number }[];
}

export interface Limited {
  replicas: number;
  /** A recent recommendation holds it up (or down). */
  stabilized: boolean;
}

const DEFAULT_UP: ScalingRules = {
  stabilizationWindowSeconds: 0,
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
};
const DEFAULT_DOWN: ScalingRules = {
  stabilizationWindowSeconds: 300,
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
};

/** How far a step towards the recommendation may go: not back and forth, and not too fast. */
export function limitStep(
  step: { current: number; recommended: number; now: number },
  behavior: Behavior | undefined,
  history: History,
): Limited {
  const up = { ...DEFAULT_UP, ...behavior?.scaleUp };
  const down = { ...DEFAULT_DOWN, ...behavior?.scaleDown };
  const { current, recommended, now } = step;
  history.recommendations.push({ at: now, replicas: recommended });
  const longest = Math.max(windowOf(up), windowOf(down));
  history.recommendations = history.recommendations.filter(({ at }) => at >= now - longest);
  const within = (rules: ScalingRules): number[] =>
    history.recommendations
      .filter(({ at }) => at >= now - windowOf(rules))
      .map(({ replicas }) => replicas);
  const ceiling = Math.max(...within(down));
  const floor = Math.min(...within(up));
  const stable = current < floor ? floor : current > ceiling ? ceiling : current;
  const stabilized = stable !== recommended;
  if (stable > current) {
    return {
      replicas: Math.min(stable, fastest(up, { current, sign: 1, now }, history)),
      stabilized,
    };
  }
  if (stable < current) {
    return {
      replicas: Math.max(stable, fastest(down, { current, sign: -1, now }, history)),
      stabilized,
    };
  }
  return { replicas: current, stabilized };
}

/** The furthest that the rules' policies let the number go, counting what came or went lately. */
function fastest(
  rules: ScalingRules,
  { current, sign, now }: { current: number; sign: 1 | -1; now: number },
  history: History,
): number {
  if (rules.selectPolicy === 'Disabled') return current;
  const bounds = (rules.policies ?? []).map(({ type, value, periodSeconds }) => {
    const recent = history.changes
      .filter(({ at, by }) => at > now - periodSeconds * 1000 && Math.sign(by) === sign)
      .reduce((total, { by }) => total + by, 0);
    const before = current - recent;
    if (type === 'Pods') return before + sign * value;
    return sign > 0
      ? Math.ceil(before * (1 + value / 100))
      : Math.floor(before * (1 - value / 100));
  });
  const takesMost = rules.selectPolicy !== 'Min';
  const bound = takesMost === sign > 0 ? Math.max(...bounds) : Math.min(...bounds);
  return sign > 0 ? Math.max(current, bound) : Math.min(current, bound);
}

function windowOf({ stabilizationWindowSeconds = 0 }: ScalingRules): number {
  return stabilizationWindowSeconds * 1000;
}
