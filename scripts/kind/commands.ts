import { InvalidArgumentError, type Command } from 'commander';
import { kindEnvironment } from '../../clusters/kind/environment.js';
import { createKindProvider, type KindProvider } from '../../clusters/kind/provider.js';
import { CNIS, type Cni } from '../../clusters/provider.js';
import { readSettings } from '../../server/config.js';
import { createInterrupt } from '../interrupt.js';
import { createProgress, note } from '../output.js';

/** What only kind clusters have, beside `gatehouse cluster … --provider kind`: the scripts of this folder call them. */
export function addKindCommands(program: Command): void {
  const kind = program
    .command('kind')
    .description('kind clusters: images, network plugins, rebuilding');
  kind
    .command('load-images <name> <images...>')
    .description("put images of this machine's Docker into a cluster's nodes")
    .action(async function (this: Command, name: string, images: string[]) {
      await using provider = openKind(this);
      for (const image of await provider.loadImages(name, images)) note(`${name}: has ${image}`);
    });
  kind
    .command('install-plugin <name> <plugin>')
    .description(`install a network plugin: ${PLUGINS.join(', ')}`)
    .action(async function (this: Command, name: string, plugin: string) {
      await using provider = openKind(this);
      await provider.installPlugin(name, parsePlugin(plugin));
      note(`${name}: ${plugin} is applied. Watch it: kubectl get pods -A -w`);
    });
  kind
    .command('rebuild <name>')
    .description('build a cluster anew from what it was asked to be')
    .action(async (name: string, _: unknown, command: Command) => {
      await using provider = openKind(command);
      using interrupt = createInterrupt();
      const progress = createProgress(name);
      await provider.rebuild(name, { signal: interrupt.signal, onPhase: progress.onPhase });
      progress.done('ready');
    });
}

type Plugin = Exclude<Cni, 'none'>;
const PLUGINS: readonly Plugin[] = CNIS.filter((name) => name !== 'none');

function parsePlugin(text: string): Plugin {
  const plugin = PLUGINS.find((name) => name === text);
  if (plugin === undefined)
    throw new InvalidArgumentError(`It must be one of ${PLUGINS.join(', ')}.`);
  return plugin;
}

function openKind(command: Command): KindProvider {
  const { stateDir, verbose } = command.optsWithGlobals<{ stateDir?: string; verbose?: boolean }>();
  const settings = readSettings(stateDir === undefined ? {} : { stateDir });
  return createKindProvider({
    stateDir: settings.stateDir,
    ...kindEnvironment(process.env),
    ...(verbose === true
      ? {
          onCommand: (line) => {
            note(`+ ${line}`);
          },
        }
      : {}),
  });
}
