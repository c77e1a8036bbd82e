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
  // Not a network's own address; and the two ends never pick the same.
  const step = question.side === 'source' ? 1n : 2n;
  if (first + step <= last) return first + step;
  return question.side === 'source' ? first : last;
}

/** An ordinary port of an interval, or its first. */
export function pickPort({ first, last }: Interval): number {
  return Number(ORDINARY_PORTS.find((port) => first <= port && port <= last) ?? first);
}

const ORDINARY = {
  4: {
    pod: { source: ['10.244.1.10', '10.0.0.10'], destination: ['10.244.2.20', '10.0.0.20'] },
    outside: {
      source: ['203.0.113.10', '198.51.100.10'],
      destination: ['203.0.113.20', '198.51.100.20'],
    },
  },
  6: {
    pod: { source: ['fd00:10:244:1::a'], destination: ['fd00:10:244:2::14'] },
    outside: { source: ['2001:db8::a'], destination: ['2001:db8::14'] },
  },
} as const;
