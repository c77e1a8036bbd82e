import type { CatalogueImage } from '../images/catalogue.js';
import type { ImageSource } from './context.js';
import { fullImageName } from './pod-status.js';

const BASE = {
  entrypoint: [],
  env: {},
  workingDir: '',
  ports: [],
  programs: {},
  files: {},
  writable: [],
} as const;

/** The few images that need no stand-in: userlands of this machine. */
const USERLANDS: readonly CatalogueImage[] = [
  {
    ...BASE,
    name: 'busybox',
    command: ['sh'],
    userland: 'busybox',
    honesty: "The machine's own busybox.",
  },
  {
    ...BASE,
    name: 'debian',
    command: ['bash'],
    userland: 'debian',
    honesty: "The machine's own programs.",
  },
];

export function createImageSource(): ImageSource {
  return {
    find: (image) => USERLANDS.find(({ name }) => name === shortName(image)),
    explain: (image) =>
      `failed to pull and unpack image "${fullImageName(image)}": nothing stands in for it in this cluster; there is: ${USERLANDS.map(({ name }) => name).join(', ')}`,
  };
}

/** `docker.io/library/nginx:1.27` and `nginx` are both `nginx`. */
function shortName(image: string): string {
  const full = fullImageName(image).replace(/^docker\.io\/(?:library\/)?/, '');
  const slash = full.lastIndexOf('/');
  const end = full.slice(slash + 1).search(/[:@]/);
  return end === -1 ? full : full.slice(0, slash + 1 + end);
}
