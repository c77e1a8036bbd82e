import { z } from 'zod';
import type { TerminalToServer } from '../../../common/terminal-messages.js';

const Message = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('resize'),
    cols: z.number().int().min(2).max(1000),
    rows: z.number().int().min(1).max(500),
  }),
  z.object({ type: z.literal('ack'), bytes: z.number().int().min(0) }),
  z.object({ type: z.literal('restart') }),
]);

/** What a page sent in a text frame; undefined for anything that is not one of its messages. */
export function parseTerminalMessage(text: string): TerminalToServer | undefined {
  try {
    const raw: unknown = JSON.parse(text);
    return Message.safeParse(raw).data;
  } catch {
    return undefined;
  }
}
