import { nodeNames } from '../../network/addresses.js';
import {
  clusterFolder,
  writeRecord,
  type ClusterFolder,
  type ClusterRecord,
  type StoredSpec,
} from './cluster-folder.js';

/** The record of one cluster, written to its folder with every change. */
export class KeptRecord {
  readonly nodes: readonly string[];
  readonly #stateDir: string;
  #record: ClusterRecord;
  #folder: ClusterFolder;

  constructor(stateDir: string, record: ClusterRecord) {
    this.#stateDir = stateDir;
    this.#record = record;
    this.#folder = clusterFolder(stateDir, record.spec.name, record.generation);
    this.nodes = nodeNames(record.spec.nodes);
  }

  get now(): ClusterRecord {
    return this.#record;
  }

  get spec(): StoredSpec {
    return this.#record.spec;
  }

  /** Of this generation. */
  get folder(): ClusterFolder {
    return this.#folder;
  }

  change(change: Partial<Omit<ClusterRecord, 'generation'>>): void {
    this.#write({ ...this.#record, ...change });
  }

  /** From here on `folder` is the successor's. */
  nextGeneration(): void {
    this.#write({ ...this.#record, generation: this.#record.generation + 1 });
    this.#folder = clusterFolder(this.#stateDir, this.spec.name, this.#record.generation);
  }

  #write(record: ClusterRecord): void {
    this.#record = record;
    writeRecord(this.#folder, record);
  }
}
