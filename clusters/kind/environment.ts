/** How this person's Docker is reached. Shells that learners type in get these and nothing else of our environment. */
const NAMES = [
  'DOCKER_HOST',
  'DOCKER_CONTEXT',
  'DOCKER_CONFIG',
  'DOCKER_TLS_VERIFY',
  'DOCKER_CERT_PATH',
  'HOME',
  'XDG_RUNTIME_DIR',
];

/** The part of a process's environment that the provider's programs need, as options of the provider. */
export function kindEnvironment(all: Readonly<Record<string, string | undefined>>): {
  path?: string;
  environment: Record<string, string>;
} {
  const { PATH } = all;
  const environment = Object.fromEntries(
    NAMES.flatMap((name) => {
      const value = all[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return { environment, ...(PATH === undefined ? {} : { path: PATH }) };
}
