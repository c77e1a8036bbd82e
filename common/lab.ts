import { z } from 'zod';
import type { JsonObject } from './json.js';
import { Protocol } from './probe.js';
import type { StepText } from './step-text.js';
import { Visibility } from './verdict.js';

/** What a lab declares in `lab.yaml`. The file format's only definition; the JSON Schema is made from it. */

const Id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower case letters, digits and "-"');

/**
 * `prod-ns/web` a pod by name, `prod-ns/{app=web}` pods by label (`k=v`, `k!=v`, `k`, `!k`, joined by commas;
 * `{}` all of them), `service:ns/name`, `node:name`, `outside:name`, `ip:10.0.0.1`.
 */
export const EndpointText = z.string().min(1);

const CheckBase = z.strictObject({
  id: Id,
  title: z.string().min(1),
  points: z.number().int().min(0),
  dependsOn: z.array(Id).default([]),
  visibility: Visibility.default('always'),
  /** Why this matters. */
  rationale: z.string().min(1),
  /** Two tiers: where to look, then what to do. */
  hints: z.array(z.string().min(1)).length(2),
  /** What each costs who opens it on the page, in points of the check. Default: nothing, then half of them. */
  hintCosts: z.array(z.number().int().min(0)).length(2).optional(),
});

/** What the hints of a check cost, tier by tier; half points are in the learner's favour. */
export function hintCostsOf({
  points,
  hintCosts,
}: Pick<CheckDefinition, 'points' | 'hintCosts'>): readonly number[] {
  return hintCosts ?? [0, Math.floor(points / 2)];
}

export const ReachabilityRow = z.strictObject({
  /** One endpoint or several; several mean every pair. */
  from: z.union([EndpointText, z.array(EndpointText).min(1)]),
  to: z.union([EndpointText, z.array(EndpointText).min(1)]),
  port: z.number().int().min(1).max(65535),
  protocol: Protocol.default('TCP'),
  expect: z.enum(['allow', 'deny']),
  /** For a Service that must be open: the pods that it has to lead to, and no others. */
  servedBy: EndpointText.optional(),
  /** Said to the learner when this row is wrong. */
  why: z.string().optional(),
});

const ReachabilityCheck = CheckBase.extend({
  kind: z.literal('reachability'),
  rows: z.array(ReachabilityRow).min(1),
});

const ResourceExpectation = z.strictObject({
  /** JSONPath without the braces' dollar: `.spec.podSelector.matchLabels.app`. Absent: the object itself. */
  path: z.string().optional(),
  equals: z.unknown().optional(),
  matches: z.string().optional(),
  exists: z.boolean().optional(),
  why: z.string().optional(),
});

const ResourceCheck = CheckBase.extend({
  kind: z.literal('resource'),
  resource: z.strictObject({
    apiVersion: z.string(),
    kind: z.string(),
    namespace: z.string().optional(),
    /** Absent: any object of the kind (and selector) may satisfy the expectations; with `count`, that many must. */
    name: z.string().optional(),
    selector: z.record(z.string(), z.string()).optional(),
  }),
  /** Exactly how many objects must satisfy all expectations; default at least one. 0 needs a `dependsOn`: absence alone is no work. */
  count: z.number().int().min(0).optional(),
  expect: z.array(ResourceExpectation).min(1),
});

const ClusterCheck = CheckBase.extend({
  kind: z.literal('cluster'),
  nodesReady: z.boolean().optional(),
  /** The network plugin that must be in charge: its DaemonSet rolled out on every node. */
  plugin: z.string().optional(),
  /** A denied probe must be denied, an allowed one allowed: by pods of the platform's own. */
  enforcement: z.enum(['enforced', 'not-enforced']).optional(),
  /** Every non-host-network pod has an address from a pool of the plugin. */
  podsNetworked: z.boolean().optional(),
});

const IntentCheck = CheckBase.extend({
  kind: z.literal('intent'),
  /** Files of the lab's folder whose policies mean what is wanted, for example those of a solution. */
  reference: z.array(z.string().min(1)).min(1),
  /** What may be there as well, because a later step asks for it: each a list of such files. */
  later: z.array(z.array(z.string().min(1)).min(1)).default([]),
  /** Whose policies are compared with them. Default: the namespaces that the reference lives in. */
  namespaces: z.array(z.string().min(1)).min(1).optional(),
  /** Whether namespaces count that do not exist yet. */
  newNamespaces: z.boolean().default(true),
  /** Said to the learner where the meaning differs. */
  why: z.string().optional(),
});

const AnswerCheck = CheckBase.extend({
  kind: z.literal('answer'),
  /** The id of a `question` fence in a step's text. */
  question: Id,
});

export const CheckDefinition = z.discriminatedUnion('kind', [
  ReachabilityCheck,
  ResourceCheck,
  ClusterCheck,
  IntentCheck,
  AnswerCheck,
]);
export type CheckDefinition = z.infer<typeof CheckDefinition>;
export type ReachabilityRow = z.infer<typeof ReachabilityRow>;

/** Answers live beside the checks, never in the step text that the browser gets. */
export const QuestionDefinition = z.strictObject({
  id: Id,
  type: z.enum(['choice', 'choices', 'number', 'text']),
  prompt: z.string().min(1),
  /** For choices: each with whether it is right and what to say to one who picks it. */
  options: z
    .array(
      z.strictObject({
        id: Id,
        text: z.string().min(1),
        right: z.boolean().default(false),
        explanation: z.string().min(1),
      }),
    )
    .optional(),
  /** For number and text: accepted answers (text: compared without case and outer blanks). */
  accept: z.array(z.union([z.string(), z.number()])).optional(),
  /** Instead of `accept`: read from the learner's own cluster at check time. */
  fromCluster: z
    .strictObject({
      apiVersion: z.string(),
      kind: z.string(),
      namespace: z.string().optional(),
      name: z.string(),
      path: z.string(),
    })
    .optional(),
  /** For a wrong number or text. */
  explanation: z.string().min(1).optional(),
});
export type QuestionDefinition = z.infer<typeof QuestionDefinition>;

export const StepDefinition = z.strictObject({
  id: Id,
  title: z.string().min(1),
  /** Relative to the lab's folder: `steps/1-look.md`. */
  text: z.string().min(1),
  checks: z.array(CheckDefinition).min(1),
  questions: z.array(QuestionDefinition).default([]),
});
export type StepDefinition = z.infer<typeof StepDefinition>;

/** Network plugins that a lab may ask for. */
const PLUGINS = ['calico', 'flannel', 'canal', 'kube-router', 'weave', 'cilium'] as const;
type LabPlugin = (typeof PLUGINS)[number];

export const LabDefinition = z.strictObject({
  title: z.string().min(1),
  summary: z.string().min(1),
  minutes: z.number().int().min(1).max(180),
  objectives: z.array(z.string().min(1)).min(1),
  prerequisites: z.array(z.string()).default([]),
  needs: z
    .strictObject({
      nodes: z.number().int().min(1).max(7).default(3),
      cni: z.enum(['none', ...PLUGINS]).default('calico'),
      nodeShell: z.boolean().default(false),
      /** Images that the learner's own pods want, beside those of `setup/`: kind clusters get them beforehand. */
      images: z.array(z.string().min(1)).default([]),
    })
    .prefault({}),
  /** Who takes part, shown as the lab's cast: `web in prod-ns: the shop's front end`. */
  actors: z
    .array(z.strictObject({ name: z.string(), where: z.string(), role: z.string() }))
    .default([]),
  /**
   * Files of the learner's home at the start: path in the home -> file in the lab's folder. With `plugin`, a real
   * cluster (kind) has that plugin's official manifest in its place.
   */
  home: z
    .record(
      z.string(),
      z.union([z.string(), z.strictObject({ file: z.string(), plugin: z.enum(PLUGINS) })]),
    )
    .default({}),
  steps: z.array(StepDefinition).min(1).max(9),
});
export type LabDefinition = z.infer<typeof LabDefinition>;

/** What a learner answered: option id (choice), option ids (choices), number or text; by question id. */
export type Answer = string | number | readonly string[];
export type Answers = Readonly<Record<string, Answer>>;

/** One way through a step, right or wrong: files put into the home, commands typed there, questions answered. */
export interface StepAnswer {
  /** Bash, as a learner would type it. Absent: every manifest is applied in order of its name. */
  commands?: string;
  files: readonly { path: string; text: string }[];
  answers: Answers;
  /** Answers that differ per cluster: the command a learner would type to read them. */
  answerCommands?: Readonly<Record<string, string>>;
}

/** A wrong answer that ships with the lab, and what must be said about it. */
export const WrongExpectation = z.strictObject({
  title: z.string().min(1),
  /** The steps before this one are done right, then this answer is given instead. */
  step: Id,
  /** Applied after the step's own solution instead of in its place. */
  afterSolution: z.boolean().default(false),
  /** Providers on which this mistake cannot be made, and why. */
  skipOn: z.partialRecord(z.enum(['embedded', 'kind', 'existing']), z.string().min(1)).default({}),
  /** Exactly these checks of the step fail, and each shows this fragment to the learner. */
  checks: z
    .array(
      z.strictObject({
        id: Id,
        outcome: z.enum(['failed', 'inconclusive']).default('failed'),
        says: z.string().min(1),
      }),
    )
    .min(1),
});
export type WrongExpectation = z.infer<typeof WrongExpectation>;

export interface LabStep {
  id: string;
  title: string;
  definition: StepDefinition;
  /** The Markdown as written, and as understood. */
  markdown: string;
  text: StepText;
  solution?: StepAnswer;
}

export interface WrongAnswer extends WrongExpectation {
  /** The folder's name under `wrong/`. */
  name: string;
  answer: StepAnswer;
}

/** A lab as read from its folder. Plain data; the same folder gives the same digest on every machine. */
export interface Lab {
  /** `05-networking/09-deny-all`: also its path under `labs/`. */
  id: string;
  /** `05-networking` */
  chapter: string;
  /** `09` */
  number: string;
  /** `deny-all` */
  slug: string;
  definition: LabDefinition;
  /** The objects of `setup/*.yaml`, in order of the files. */
  manifests: readonly JsonObject[];
  /** Files of the learner's home at the start. */
  files: readonly { path: string; text: string; plugin?: LabPlugin }[];
  steps: readonly LabStep[];
  wrong: readonly WrongAnswer[];
  /** SVG text by the name that a `diagram` fence uses. */
  diagrams: Readonly<Record<string, string>>;
  /** The objects of the files that `intent` checks refer to, by the file's name. */
  references: Readonly<Record<string, readonly JsonObject[]>>;
  /** What differs from learner to learner and where it was drawn from; absent where a lab is the same for all. */
  drawn?: { seed: string; values: Readonly<Record<string, string | number>> };
  /** `sha256:` and the hex digest over every file of the folder. */
  digest: string;
}
