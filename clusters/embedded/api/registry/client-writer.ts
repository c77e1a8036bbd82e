import type { KubeObject, NewObject, ObjectKey } from '../cluster-api.js';
import { withoutAsking } from './admission-chain.js';
import type { Answer, Question, WriteSteps } from './admission-chain.js';
import type { UserInfo } from './admission.js';
import type { DeleteOptions } from './deletion.js';
import type { Resource } from './resource-registry.js';
import { OvertakenError } from './writer.js';
import type { WriteContext } from './write-context.js';
import type { Deletion, UpdateOptions, Writer } from './writer.js';

/** What is asked about one write, from its beginning to its end. Rejects with ApiError to refuse it. */
export type Inquiry = (question: Question) => Promise<Answer>;

/** Undefined where nobody is to be asked about a user's writes. */
export type OpenInquiry = (user: UserInfo) => Inquiry | undefined;

/** As often as the real server tries a patch that others get ahead of. */
const TRIES = 5;

/** Writes of clients: those outside of this process who want to be asked are asked. */
export class ClientWriter {
  readonly #writer: Writer;
  readonly #open: OpenInquiry;

  constructor(writer: Writer, open: OpenInquiry) {
    this.#writer = writer;
    this.#open = open;
  }

  create(resource: Resource, input: NewObject, context: WriteContext): Promise<KubeObject> {
    return this.#run(context.user, () => this.#writer.creating(resource, input, context));
  }

  update(
    resource: Resource,
    key: ObjectKey,
    options: UpdateOptions,
  ): Promise<KubeObject | undefined> {
    return this.#run(options.user, () => this.#writer.updating(resource, key, options));
  }

  delete(
    resource: Resource,
    key: ObjectKey,
    options: WriteContext & DeleteOptions,
  ): Promise<Deletion | undefined> {
    return this.#run(options.user, () => this.#writer.deleting(resource, key, options));
  }

  async #run<Result>(user: UserInfo, start: () => WriteSteps<Result>): Promise<Result> {
    const inquiry = this.#open(user);
    if (inquiry === undefined) return withoutAsking(start());
    for (let tries = 1; ; tries += 1) {
      try {
        return await askedBy(start(), inquiry);
      } catch (error) {
        if (!(error instanceof OvertakenError)) throw error;
        if (tries >= TRIES) throw error.conflict;
      }
    }
  }
}

/** Takes a write to its end, with the questions on its way answered. */
export async function askedBy<Result>(
  steps: WriteSteps<Result>,
  inquiry: Inquiry,
): Promise<Result> {
  let next = steps.next();
  while (next.done !== true) next = steps.next(await inquiry(next.value));
  return next.value;
}
