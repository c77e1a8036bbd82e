import type { ObservedFlow } from './flow.js';
import type { Outcome } from './verdict.js';

/** What a lab's page is told over its event stream: the whole state after every change, and check results as they come. */
export interface LabPageState {
  cluster: 'none' | 'creating' | 'ready' | 'resetting' | 'failed' | 'ended';
  /** What happened until now, the last one going on while creating or resetting. */
  phases: PagePhase[];
  /** 0 to 1. */
  fraction: number;
  failure?: { message: string; fix?: string };
  /** What keeps a ready cluster from being what it should be. */
  trouble?: { state: keyof typeof TROUBLE_TITLES; message: string; fix: string };
  terminals: { id: string; title: string; hasEnded: boolean }[];
  mostTerminals: number;
  /** Nodes that a root shell can be opened on; empty where the lab does not ask for it. */
  nodes: string[];
  /** When the lab ends, ISO 8601, whether that is to be said now, and whether nothing can put it off any more. */
  idle?: { endsAt: string; isNear: boolean; isFinal: boolean };
  /** The step that is being checked now. */
  checking?: string;
  steps: {
    id: string;
    outcome: 'open' | 'passed' | 'partly';
    earned: number;
    possible: number;
    /** Of its last check, ISO 8601. */
    checkedAt?: string;
  }[];
  points: { earned: number; possible: number };
}

/** What ails a cluster, for whoever learns in it. */
export const TROUBLE_TITLES = {
  resting: 'Your cluster rests',
  away: 'Your cluster does not answer',
  damaged: 'Your cluster is damaged',
  restarted: 'Your cluster was started again',
} as const;

export interface PagePhase {
  id: string;
  title: string;
  tookMs?: number;
}

/** One check's result, ready to be shown: the same markup that a reload would bring. */
export interface CheckResultEvent {
  step: string;
  check: string;
  outcome: Outcome;
  html: string;
}

/** The end of a check run: what to announce, and the summary's markup. */
export interface CheckDoneEvent {
  step: string;
  outcome: 'passed' | 'failed' | 'inconclusive' | 'error';
  announcement: string;
  html: string;
  /** As in the state that follows; absent where the check could not be run. */
  checkedAt?: string;
}

/** What a page is told while it shows who talks to whom. */
export type FlowsEvent =
  /** Flows that are new or seen again, the last one last. After `fresh`, nothing that was told before holds. */
  | { type: 'flows'; flows: ObservedFlow[]; fresh: boolean }
  /** Nothing comes now, and why; it may come later. */
  | { type: 'none'; reason: string };

/** How many flows a page is told at once and keeps: a busy cluster must not drown a browser. */
export const MOST_FLOWS_SHOWN = 200;
