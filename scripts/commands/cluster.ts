import { InvalidArgumentError, type Command } from 'commander';
import {
  CNIS,
  type ClusterProvider,
  type ClusterSpec,
  type Cni,
  type ShellTarget,
} from '../../clusters/provider.js';
import { GatehouseError } from '../../common/errors.js';
import { partyName, portName, type ObservedFlow } from '../../common/flow.js';
import { clusterSpecOf } from '../../graders/grade-lab.js';
import { findLab } from '../../labs/catalog.js';
import { runInteractive } from '../../system/run-interactive.js';
import { CliFailure } from '../exit-codes.js';
import { createInterrupt } from '../interrupt.js';
import { age, createProgress, note, print, printJson, printTable } from '../output.js';
import { openCatalog, openProvider } from './context.js';

const DEFAULT_PROVIDER = 'embedded';
const NAME = /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/;

/** `gatehouse cluster …`: clusters by hand, without a lab or a page. */
export function addClusterCommands(program: Command): void {
  const cluster = program.command('cluster').description('make, look at and end clusters by hand');
  const provider = ['--provider <name>', 'embedded, kind or existing', DEFAULT_PROVIDER] as const;

  cluster
    .command('create <name>')
    .description('make a cluster and wait until it is ready')
    .option(...provider)
    .option('--nodes <n>', 'how many nodes, 1 to 7', parseNodes)
    .option('--cni <name>', `network plugin: ${CNIS.join(', ')}`, parseCni)
    .option('--lab <lab>', "with a lab's objects and files")
    .option('--node-shell', 'allow shells on the nodes')
    .action(createCluster);

  cluster
    .command('list')
    .description('clusters that exist now')
    .option(...provider)
    .option('--json', 'as JSON')
    .action(async (options: { provider: string; json?: boolean }, command: Command) => {
      await using source = openProvider(command, options.provider);
      const clusters = await source.list();
      if (options.json === true) {
        printJson(clusters);
        return;
      }
      const rows = clusters.map((info) => [
        info.name,
        info.state,
        String(info.nodes),
        info.cni,
        info.labels['lab'] ?? '-',
        age(info.createdAt),
        info.server ?? '-',
      ]);
      const empty = `No clusters. Make one: scripts/gatehouse cluster create NAME${providerOption(source)}`;
      printTable(['NAME', 'STATE', 'NODES', 'CNI', 'LAB', 'AGE', 'SERVER'], rows, empty);
    });

  cluster
    .command('reset <name>')
    .description('back to how it was when it was made')
    .option(...provider)
    .action(async (name: string, options: { provider: string }, command: Command) => {
      await using source = openProvider(command, options.provider);
      using interrupt = createInterrupt();
      const target = await source.open(name);
      const progress = createProgress(name);
      await target.reset({ signal: interrupt.signal, onPhase: progress.onPhase });
      progress.done('reset');
    });

  cluster
    .command('delete <name>')
    .description('end it and remove all that belongs to it')
    .option(...provider)
    .action(async (name: string, options: { provider: string }, command: Command) => {
      await using source = openProvider(command, options.provider);
      const target = await source.open(name);
      await target[Symbol.asyncDispose]();
      note(`${name}: deleted`);
    });

  cluster
    .command('flows <name>')
    .description('who talked to whom, whether it was let through, and which rule says so')
    .option(...provider)
    .option('--follow', 'go on telling until interrupted')
    .option('--json', 'as JSON: a list, or one object a line with --follow')
    .action(showFlows);

  cluster
    .command('kubeconfig <name>')
    .description('print a kubeconfig that works from this machine')
    .option(...provider)
    .action(async (name: string, options: { provider: string }, command: Command) => {
      await using source = openProvider(command, options.provider);
      print((await (await source.open(name)).kubeconfig('learner')).trimEnd());
    });

  cluster
    .command('shell <name>')
    .description("open a shell: the learner's workstation, a node or a pod")
    .option(...provider)
    .option('--node <node>', 'on this node')
    .option('--pod <namespace/name>', 'in this pod')
    .action(async (name: string, options: ShellOptions, command: Command) => {
      await using source = openProvider(command, options.provider);
      const shell = await (await source.open(name)).shell(parseShellTarget(options));
      const exitCode = await runInteractive(shell);
      if (exitCode !== 0) throw new CliFailure(exitCode);
    });
}

async function showFlows(
  name: string,
  options: { provider: string; follow?: boolean; json?: boolean },
  command: Command,
): Promise<void> {
  await using source = openProvider(command, options.provider);
  const target = await source.open(name);
  if (target.flows === undefined) {
    throw new GatehouseError('NOT_AVAILABLE', `clusters of ${source.name} keep no flow log`, {
      fix: 'Only embedded clusters see every packet: scripts/gatehouse cluster create NAME',
    });
  }
  const isJson = options.json === true;
  if (options.follow !== true) {
    const flows = await target.flows();
    if (isJson) printJson(flows);
    else if (flows.length === 0) print('No connection was seen yet.');
    else for (const flow of flows) print(describeFlow(flow));
    return;
  }
  using interrupt = createInterrupt();
  const { signal } = interrupt;
  const onFlow = (flow: ObservedFlow): void => {
    print(isJson ? JSON.stringify(flow) : describeFlow(flow));
  };
  // A reset ends the stream of the old network; the new one is followed as soon as it is there.
  while (!signal.aborted) await target.flows({ onFlow, signal });
}

function describeFlow(flow: ObservedFlow): string {
  const { from, to, verdict, count, firstAt, explanation, isProbe } = flow;
  const times = count === 1 ? '' : ` (${count} times)`;
  const sender = isProbe ? ' [probe of a check]' : '';
  const head = `${firstAt} ${verdict} ${partyName(from)} -> ${partyName(to)} ${portName(flow)}${times}${sender}`;
  return `${head}\n  ${explanation}`;
}

interface CreateClusterOptions {
  provider: string;
  nodes?: number;
  cni?: Cni;
  lab?: string;
  nodeShell?: boolean;
}

async function createCluster(
  name: string,
  options: CreateClusterOptions,
  command: Command,
): Promise<void> {
  if (!NAME.test(name)) {
    throw new GatehouseError('BAD_REQUEST', `"${name}" cannot be a cluster's name`, {
      fix: 'Use at most 40 lower case letters, digits and "-", a letter or digit first and last.',
    });
  }
  await using source = openProvider(command, options.provider);
  using interrupt = createInterrupt();
  const progress = createProgress(name);
  const base: ClusterSpec =
    options.lab === undefined
      ? { name, nodes: 3, cni: 'calico', manifests: [], nodeShell: false, labels: {} }
      : clusterSpecOf(findLab(await openCatalog(), options.lab), { name });
  const created = await source.create(
    {
      ...base,
      nodes: options.nodes ?? base.nodes,
      cni: options.cni ?? base.cni,
      nodeShell: options.nodeShell ?? base.nodeShell,
    },
    { signal: interrupt.signal, onPhase: progress.onPhase },
  );
  progress.done('ready');
  note(`Use it: scripts/gatehouse cluster shell ${created.info.name}${providerOption(source)}`);
}

/** What a command that is pasted needs to find the same clusters. */
function providerOption({ name }: ClusterProvider): string {
  return name === DEFAULT_PROVIDER ? '' : ` --provider ${name}`;
}

interface ShellOptions {
  provider: string;
  node?: string;
  pod?: string;
}

function parseShellTarget({ node, pod }: ShellOptions): ShellTarget {
  if (node !== undefined && pod !== undefined) {
    throw new GatehouseError('BAD_REQUEST', '--node and --pod cannot go together', {
      fix: 'Name one of them.',
    });
  }
  if (node !== undefined) return { type: 'node', name: node };
  if (pod === undefined) return { type: 'workstation' };
  const [namespace, name, ...rest] = pod.split('/');
  if (namespace === undefined || name === undefined || rest.length > 0) {
    throw new GatehouseError('BAD_REQUEST', `--pod ${pod} is not NAMESPACE/NAME`, {
      fix: 'For example --pod default/web.',
    });
  }
  return { type: 'pod', namespace, name };
}

function parseNodes(text: string): number {
  const nodes = Number(text);
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > 7)
    throw new InvalidArgumentError('It must be 1 to 7.');
  return nodes;
}

function parseCni(text: string): Cni {
  const cni = CNIS.find((name) => name === text);
  if (cni === undefined) throw new InvalidArgumentError(`It must be one of ${CNIS.join(', ')}.`);
  return cni;
}
