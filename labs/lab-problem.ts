/** One thing wrong with a lab's folder, told to its author. */
export interface LabProblem {
  /** `05-networking/09-deny-all` */
  lab: string;
  /** Relative to the folder of all labs: `05-networking/09-deny-all/lab.yaml`. */
  file: string;
  /** From 1; 1 where the whole file is meant. */
  line: number;
  column: number;
  /** What is wrong. */
  message: string;
  /** What would be right. */
  fix: string;
}
