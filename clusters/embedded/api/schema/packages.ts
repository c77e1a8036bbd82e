/** Which API group the types of a package belong to: `io.k8s.api.rbac.v1` -> `rbac.authorization.k8s.io`. */
const GROUP_OF_PACKAGE: Readonly<Record<string, string>> = {
  core: '',
  admissionregistration: 'admissionregistration.k8s.io',
  apiextensions: 'apiextensions.k8s.io',
  apiregistration: 'apiregistration.k8s.io',
  authentication: 'authentication.k8s.io',
  authorization: 'authorization.k8s.io',
  certificates: 'certificates.k8s.io',
  coordination: 'coordination.k8s.io',
  discovery: 'discovery.k8s.io',
  events: 'events.k8s.io',
  flowcontrol: 'flowcontrol.apiserver.k8s.io',
  meta: 'meta.k8s.io',
  metrics: 'metrics.k8s.io',
  networking: 'networking.k8s.io',
  node: 'node.k8s.io',
  rbac: 'rbac.authorization.k8s.io',
  scheduling: 'scheduling.k8s.io',
  storage: 'storage.k8s.io',
};

/** The group and version whose types are in a package, or undefined for packages of plain building blocks. */
export function groupVersionOf(
  packageName: string,
): { group: string; version: string } | undefined {
  const parts = packageName.split('.');
  const version = parts.at(-1) ?? '';
  const name = parts.at(-2) ?? '';
  if (!/^v\d/.test(version)) return undefined;
  return { group: GROUP_OF_PACKAGE[name] ?? name, version };
}

/** Splits `io.k8s.api.core.v1.Pod` into its package and its short name. */
export function splitTypeName(typeName: string): { packageName: string; name: string } {
  const dot = typeName.lastIndexOf('.');
  return { packageName: typeName.slice(0, dot), name: typeName.slice(dot + 1) };
}
