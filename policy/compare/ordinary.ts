/** Addresses and ports that a reader takes for ordinary: a witness uses them where they serve. */
import { parseAddress } from '../address-range.js';
import type { Side } from '../normal-form.js';
import type { Interval } from './scale.js';

export const ORDINARY_PORTS = [80n, 443n, 53n, 8080n];

export interface AddressQuestion {
  family: 4 | 6;
  side: Side;
  isPod: boolean;
}

/** Best first; those of the two ends never meet. */
export function ordinaryAddresses({ family, side, isPod }: AddressQuestion): bigint[] {
  const texts = ORDINARY[family][isPod ? 'pod' : 'outside'][side];
  return texts.flatMap((text) => parseAddress(text)?.value ?? []);
}

/** An ordinary address of an interval, or its first that can be a host's. */
export function pickAddress(interval: Interval, question: AddressQuestion): bigint {
  const { first, last } = interval;
  const ordinary = ordinaryAddresses(question).find((value) => first <= value && value <= last);
  if (ordinary !== undefined) return ordinary;
  // The two ends never pick the same; and where there is room, not a network's own address.
  if (last - first < 2n) return question.side === 'source' ? first : last;
  return first + (question.side === 'source' ? 1n : 2n);
}

export const ordinaryService = (family: 4 | 6): bigint =>
  parseAddress(ORDINARY[family].service)?.value ?? 0n;

/** An address of an interval for a Service: none that the pods at the ends have. */
export function pickServiceAddress(
  { first, last }: Interval,
  { family, taken }: { family: 4 | 6; taken: readonly bigint[] },
): bigint {
  const candidates = [ordinaryService(family), first, first + 1n, first + 2n, first + 3n];
  return (
    candidates.find((value) => first <= value && value <= last && !taken.includes(value)) ?? first
  );
}

/** An ordinary port of an interval, or its first. */
export function pickPort({ first, last }: Interval): number {
  return Number(ORDINARY_PORTS.find((port) => first <= port && port <= last) ?? first);
}

const ORDINARY = {
  4: {
    service: '10.96.0.80',
    pod: { source: ['10.244.1.10', '10.0.0.10'], destination: ['10.244.2.20', '10.0.0.20'] },
    outside: {
      source: ['203.0.113.10', '198.51.100.10'],
      destination: ['203.0.113.20', '198.51.100.20'],
    },
  },
  6: {
    service: 'fd00:10:96::50',
    pod: { source: ['fd00:10:244:1::a'], destination: ['fd00:10:244:2::14'] },
    outside: { source: ['2001:db8::a'], destination: ['2001:db8::14'] },
  },
} as const;
