import type { Credentials } from './certificate.js';

/** A kubeconfig with one cluster, one user and one context, as kind writes them. */
export function kubeconfigText(options: {
  cluster: string;
  user: string;
  serverUrl: string;
  caPem: string;
  credentials: Credentials;
}): string {
  const { cluster, user, serverUrl, caPem, credentials } = options;
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return [
    'apiVersion: v1',
    'clusters:',
    '- cluster:',
    `    certificate-authority-data: ${base64(caPem)}`,
    `    server: ${JSON.stringify(serverUrl)}`,
    `  name: ${JSON.stringify(cluster)}`,
    'contexts:',
    '- context:',
    `    cluster: ${JSON.stringify(cluster)}`,
    `    user: ${JSON.stringify(user)}`,
    `  name: ${JSON.stringify(cluster)}`,
    `current-context: ${JSON.stringify(cluster)}`,
    'kind: Config',
    'preferences: {}',
    'users:',
    `- name: ${JSON.stringify(user)}`,
    '  user:',
    `    client-certificate-data: ${base64(credentials.certPem)}`,
    `    client-key-data: ${base64(credentials.keyPem)}`,
    '',
  ].join('\n');
}
