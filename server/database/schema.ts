import type { Generated } from 'kysely';

/** The tables, as the newest migration leaves them. Times are ISO 8601 in UTC, so that they sort as text. */
export interface Tables {
  settings: { key: string; value: string };
  users: {
    id: string;
    name: string;
    role: string;
    /** The class that the learner joined by its link. */
    class_id: string | null;
    created_at: string;
  };
  classes: {
    id: string;
    title: string;
    /** Part of the join link. Kept readable, because the instructor shows it again and again. */
    code: string;
    created_by: string;
    created_at: string;
    expires_at: string;
  };
  sign_in_links: {
    token_hash: string;
    user_id: string;
    created_at: string;
    expires_at: string;
    used_at: string | null;
  };
  browser_sessions: {
    token_hash: string;
    user_id: string;
    created_at: string;
    last_seen_at: string;
    expires_at: string;
  };
  lab_sessions: {
    id: string;
    user_id: string;
    lab: string;
    cluster: string;
    step: string;
    created_at: string;
    last_active_at: string;
    ended_at: string | null;
    end_reason: string | null;
  };
  attempts: {
    id: Generated<number>;
    user_id: string;
    lab: string;
    step: string;
    lab_session_id: string;
    created_at: string;
    outcome: string;
    earned: number;
    possible: number;
    lab_digest: string;
    /** The whole `LabResult` as JSON. */
    result: string;
  };
  /**
   * What an attempt was graded on; none where the disk was full, the cluster held more than is kept, or it was removed
   * since to stay within the limits.
   */
  evidence: {
    attempt_id: number;
    /** Named by the attempt's signed result. */
    digest: string;
    /** `Evidence` as JSON in gzip. */
    content: Uint8Array;
  };
  /** Attempts whose evidence was kept once. */
  removed_evidence: { attempt_id: number; removed_at: string };
  /** What stored evidence of an attempt was judged to be later; the attempt itself stays as it is. */
  regrades: {
    id: Generated<number>;
    attempt_id: number;
    created_at: string;
    outcome: string;
    earned: number;
    possible: number;
    lab_digest: string;
    grader_version: string;
    /** The whole `LabResult` as JSON. */
    result: string;
  };
  step_progress: {
    user_id: string;
    lab: string;
    step: string;
    best_earned: number;
    possible: number;
    /** Those that could be told: what was inconclusive does not count. */
    attempts: number;
    /** Of the latest attempt. */
    last_outcome: string;
    passed_at: string | null;
    updated_at: string;
  };
  opened_hints: {
    user_id: string;
    lab: string;
    check_id: string;
    /** 1 or 2. */
    tier: number;
    /** In points of the check, as it was said when the hint was opened. */
    cost: number;
    opened_at: string;
  };
  answers: {
    user_id: string;
    lab: string;
    question: string;
    /** A string, or a list of strings, as JSON. */
    value: string;
    updated_at: string;
  };
}
