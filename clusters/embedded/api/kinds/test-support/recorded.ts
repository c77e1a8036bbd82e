import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** Answers of a real API server, beside the checkout; not part of the project. */
const FOLDER = path.resolve(process.cwd(), '..', 'shared', 'data', 'kube-apiserver-1.32');

/** `describe` where the recordings are there; where they are not, one skipped test that says so. */
export function describeRecorded(name: string, body: () => void): void {
  if (existsSync(FOLDER)) describe(name, body);
  else test.skip(`${name} (no recordings beside the checkout: ../shared/data)`, () => undefined);
}

export function hasRecordings(): boolean {
  return existsSync(FOLDER);
}

/** A recorded JSON file, parsed. The caller says what it holds. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller knows the file
export function readRecorded<T>(file: string): T {
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- the caller knows the file
  return JSON.parse(readFileSync(path.join(FOLDER, file), 'utf8')) as T;
}

export function listRecorded(folder: string): string[] {
  if (!hasRecordings()) return [];
  return readdirSync(path.join(FOLDER, folder));
}

export interface RecordedRequest {
  case: string;
  request: { method: string; path: string; body: unknown; headers: Record<string, string> };
  status: number;
  response: unknown;
}
