import { policyYaml } from '../attack.js';

/** The step that most ways of cheating are tried on, and what must not be said of it. */
export const CLOSING = { lab: 'deny-all', step: 'close-ingress' } as const;
export const NOT_CLOSED = { never: { checks: ['closed'], outcome: 'passed' } } as const;
export const DENY = policyYaml('prod-ns/deny', { podSelector: {}, policyTypes: ['Ingress'] });
export const SILENT = ['sleep', 'infinity'];
