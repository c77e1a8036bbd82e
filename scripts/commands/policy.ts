import type { Command } from 'commander';
import { GatehouseError } from '../../common/errors.js';
import type { JsonObject } from '../../common/json.js';
import { compare, type Comparison } from '../../policy/compare/compare.js';
import { TooHard } from '../../policy/compare/sat-solver.js';
import { explainPolicy } from '../../policy/explain-policy.js';
import { readPolicy } from '../../policy/read-policies.js';
import { CliFailure, EXIT } from '../exit-codes.js';
import { print, printJson } from '../output.js';
import { describeDiff } from '../policy/diff.js';
import { toDot, toSvg, type Graph } from '../policy/graph.js';
import { graphOfPolicies } from '../policy/policy-graph.js';
import { lint } from '../policy/lint.js';
import {
  nameOf,
  placeOf,
  readSources,
  type Sourced,
  type SourceOptions,
} from '../policy/sources.js';
import { graphOf, parsePort, whoCan } from '../policy/who-can.js';
import { isPlainKind, worldOf } from '../policy/written-world.js';

interface Options extends SourceOptions {
  json?: boolean;
  dot?: boolean;
  svg?: boolean;
  port?: string;
}

/** `gatehouse policy …`: what policies mean, for people without a lab. */
export function addPolicyCommands(program: Command): void {
  const policy = program
    .command('policy')
    .description('what network policies mean: in files, folders or a live cluster');
  const add = (usage: string, description: string): Command =>
    policy
      .command(usage)
      .description(description)
      .option('--kubeconfig <file>', 'read a live cluster')
      .option('--context <name>', "one of the kubeconfig's contexts")
      .option('--json', 'as JSON');

  add('explain [paths...]', 'each policy in sentences')
    .option('--dot', 'as a graph for Graphviz')
    .option('--svg', 'as a drawing')
    .action(async (paths: string[], options: Options) => {
      const sources = policiesOf(await readSources(paths, options));
      const drawn = showGraph(options, () => graphOfPolicies(sources.map(({ object }) => object)));
      if (!drawn) explain(sources, options);
    });

  policy
    .command('diff <a> <b>')
    .description(
      'whether two files or folders mean the same, or a connection that tells them apart',
    )
    .option('--json', 'as JSON')
    .action(diff);

  add(
    'who-can <target> [paths...]',
    'who reaches a pod (NAMESPACE/NAME or NAMESPACE/{label=value}), and by which rule',
  )
    .option('--port <port>', 'its own port, 80 or 53/UDP; default: those it declares')
    .option('--dot', 'as a graph for Graphviz')
    .option('--svg', 'as a drawing')
    .action(async (target: string, paths: string[], options: Options) => {
      const sources = await readSources(paths, options);
      const port = options.port === undefined ? undefined : parsePort(options.port);
      const reaches = whoCan(worldOf(sources.map(({ object }) => object)), target, port);
      if (showGraph(options, () => graphOf(reaches))) return;
      if (options.json === true) {
        printJson(reaches);
        return;
      }
      for (const { from, to, protocol, port: number, allowed, explanation } of reaches) {
        print(
          `${allowed ? 'yes' : 'no '}  ${from} -> ${to} ${protocol} ${number}\n     ${explanation}`,
        );
      }
    });

  add('lint [paths...]', 'what is wrong in policies, or often meant otherwise').action(
    async (paths: string[], options: Options) => {
      const sources = await readSources(paths, options);
      const findings = lint(sources);
      if (options.json === true) printJson(findings);
      else {
        for (const { file, line, object, id, message } of findings) {
          print(`${line === 0 ? file : `${file}:${line}`}: ${object}: ${message} [${id}]`);
        }
        const count = policiesOf(sources).length;
        if (findings.length === 0)
          print(`Nothing found in ${plural(count, 'policy', 'policies')}.`);
      }
      if (findings.length > 0) throw new CliFailure(EXIT.notFullMarks);
    },
  );
}

function explain(sources: readonly Sourced[], options: Options): void {
  const explained = sources.map((source) => ({
    object: nameOf(source.object),
    place: placeOf(source),
    ...explainPolicy(source.object),
  }));
  if (options.json === true) {
    printJson(explained);
    return;
  }
  if (explained.length === 0) print('There are no policies: everything is allowed.');
  for (const { object, place, sentences, problems } of explained) {
    print(`${object} (${place})`);
    for (const sentence of sentences) print(`  ${sentence}`);
    for (const problem of problems) print(`  Not understood, so it allows nothing: ${problem}.`);
  }
}

async function diff(a: string, b: string, options: { json?: boolean }): Promise<void> {
  const read = async (path: string): Promise<JsonObject[]> =>
    (await readSources([path]))
      .map(({ object }) => object)
      .filter(({ kind }) => !isPlainKind(kind));
  const sides = { a: await read(a), b: await read(b) };
  const result = compareOrSay(sides.a, sides.b);
  if (options.json === true) printJson(result);
  else print(describeDiff(result, { ...sides, names: { a, b } }));
  if (!result.equal) throw new CliFailure(EXIT.notFullMarks);
  if (result.unknown > 0) throw new CliFailure(EXIT.couldNotTell);
}

function compareOrSay(a: readonly JsonObject[], b: readonly JsonObject[]): Comparison {
  try {
    return compare(a, b);
  } catch (error) {
    if (!(error instanceof TooHard)) throw error;
    print('Could not tell: these policies are too entangled to be compared within bounds.');
    throw new CliFailure(EXIT.couldNotTell);
  }
}

function showGraph({ dot, svg, json }: Options, graph: () => Graph): boolean {
  if ([dot, svg, json].filter((one) => one === true).length > 1) {
    throw new GatehouseError('BAD_REQUEST', '--json, --dot and --svg cannot go together', {
      fix: 'Choose one.',
    });
  }
  if (dot === true) print(toDot(graph()));
  else if (svg === true) print(toSvg(graph()));
  else return false;
  return true;
}

const policiesOf = (sources: readonly Sourced[]): Sourced[] =>
  sources.filter(({ object }) => readPolicy(object) !== undefined);

const plural = (count: number, one: string, many: string): string =>
  `${count} ${count === 1 ? one : many}`;
