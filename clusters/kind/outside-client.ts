import type { KindContext } from './context.js';
import { LABEL, clientName, networkName } from './names.js';
import { nodeImage } from './node-image.js';
import { containerArgs, SHARED_NETWORK } from './workstation.js';

/** The address of the host `client` outside the cluster: a container of ours on its Docker network, made when first needed. */
export async function outsideAddress(
  context: KindContext,
  cluster: { name: string; kindName: string },
): Promise<string> {
  const container = clientName(cluster.name);
  const network =
    context.settings.network === 'own' ? networkName(cluster.kindName) : SHARED_NETWORK;
  const format = `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`;
  const inspect = ['inspect', '--format', format, container];
  const known = await context.programs.try('docker', inspect);
  if (known.exitCode === 0 && known.stdout.trim() !== '') return known.stdout.trim();
  if (known.exitCode !== 0) {
    const labels = {
      [LABEL.role]: 'client',
      [LABEL.cluster]: cluster.name,
      [LABEL.installation]: context.installation,
      [LABEL.kindName]: cluster.kindName,
    };
    const image = await nodeImage(context);
    // Two graders may want it at once; the second finds it made.
    await context.programs.try(
      'docker',
      containerArgs(context, { name: container, network, image, labels }),
    );
  }
  await context.programs.docker(['start', container]);
  return (await context.programs.docker(inspect)).trim();
}
