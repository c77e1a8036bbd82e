import type { DoctorCheck } from '../../provider.js';

export interface DoctorOptions {
  nativeDir: string;
  programPaths: readonly string[];
  stateDir: string;
}

export function doctor(_options: DoctorOptions): Promise<DoctorCheck[]> {
  return Promise.resolve([]);
}
