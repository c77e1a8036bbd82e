/**
 * What the agent refused, and why: an errno name, or `NOT_FOUND`, `ENDED`, `INVALID`, `NFT`,
 * `COMMAND_NOT_FOUND`, `COMMAND_NOT_RUN`, `GONE` (there is no agent any more).
 */
export class AgentError extends Error {
  override readonly name = 'AgentError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
