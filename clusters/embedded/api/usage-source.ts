/** Who knows what containers use. The kubelet implements it. */
export interface UsageSource {
  /** Measured anew, or a moment ago. Two looks are needed for processor time: the first answer may take 300 ms. */
  usage(): Promise<UsageReport>;
}

export interface UsageReport {
  /** When the measurement ended, in milliseconds since the epoch, and how long it took. */
  at: number;
  windowMs: number;
  /** By the pod's uid: its containers that run. */
  pods: ReadonlyMap<string, readonly ContainerUsage[]>;
}

export interface ContainerUsage {
  name: string;
  /** Processor time per time: 1e9 is one core. */
  nanocores: number;
  memoryBytes: number;
}
