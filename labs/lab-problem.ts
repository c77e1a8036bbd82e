/** One thing wrong with a lab's folder, told to its author. */
export interface LabProblem {
  /** `05-networking/09-deny-all` */
  lab: string;
  /** Relative to the lab's folder. */
  file: string;
  /** From 1; 1 where the whole file is meant. */
  line: number;
  column: number;
  /** What is wrong. */
  message: string;
  /** What would be right. */
  fix: string;
}

/** As compilers print it: `05-networking/09-deny-all/lab.yaml:3:5: what is wrong. What to do.` */
export function formatProblem(problem: LabProblem): string {
  const { lab, file, line, column, message, fix } = problem;
  return `${lab}/${file}:${line}:${column}: ${message}. ${fix}`;
}
