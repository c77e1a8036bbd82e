import { z } from 'zod';
import { LabDefinition } from '../common/lab.js';

/** The JSON Schema of `lab.yaml` for editors; `labs/lab.schema.json` holds it as text. */
export function labJsonSchema(): string {
  const schema = z.toJSONSchema(LabDefinition, { io: 'input', unrepresentable: 'any' });
  return `${JSON.stringify({ title: 'lab.yaml', ...schema }, null, 2)}\n`;
}
