import { z } from 'zod';
import { LabResult } from '../common/verdict.js';

/** The JSON Schema of a result, for programs that read `--reporter json`; `graders/result.schema.json` holds it as text. */
export function resultJsonSchema(): string {
  const schema = z.toJSONSchema(LabResult, { io: 'output' });
  return `${JSON.stringify({ title: 'A Gatehouse result', ...schema }, null, 2)}\n`;
}
