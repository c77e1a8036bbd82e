/** A step's text as understood: prose and the fences that the page acts on. Pure data. */
export interface StepText {
  blocks: readonly StepBlock[];
}

export type StepBlock =
  /** Markdown without any of our fences; plain code fences stay inside. */
  | { type: 'prose'; markdown: string; line: number }
  /** Commands for the terminal: copied, or typed into it by the page. */
  | { type: 'run'; command: string; line: number }
  /** A file that the page writes into the learner's home. */
  | { type: 'file'; path: string; text: string; language: string; line: number }
  /** A hint that belongs to the text, not to a check; closed until asked for. */
  | { type: 'hint'; markdown: string; line: number }
  /** Where a question of this step is asked; its words are in `lab.yaml`. */
  | { type: 'question'; id: string; line: number }
  /** A drawing of the lab's folder: `diagrams/<name>.svg`. */
  | { type: 'diagram'; name: string; line: number }
  /** Shown only where the cluster comes from this provider. */
  | { type: 'provider'; provider: string; blocks: readonly StepBlock[]; line: number };

/** Everything that `{{ … }}` may say, and what it is. */
export const PLACEHOLDERS = {
  'learner.name': 'how the learner signed in, or `learner`',
  'learner.home': "the learner's home folder in the workstation",
  'cluster.name': "the name of the learner's cluster",
  'cluster.nodes': 'how many nodes it has',
  'provider.name': 'where the cluster comes from: `embedded`, `kind`, `existing`',
} as const;
export type Placeholder = keyof typeof PLACEHOLDERS;
