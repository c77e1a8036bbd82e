import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { GatehouseError, messageOf } from '../../common/errors.js';
import { parseManifests } from '../../common/kube-yaml.js';
import { replaceFile } from '../../system/replace-file.js';
import type { Cni } from '../provider.js';
import type { KindContext } from './context.js';
import { pluginsDir } from './names.js';
import { minorOf, nodeImage } from './node-image.js';
import { throwIfAborted } from './programs.js';

/** An official manifest in one version. */
interface Official {
  url: string;
  /** Of the file at this address, as several projects that fetch it record it. Absent: the first one fetched is remembered. */
  sha256?: string;
}

export interface PluginFacts {
  /** For nodes of this minor version of Kubernetes. Absent: the manifest must come from the operator. */
  official?: (minor: number) => Official;
  /** Whether NetworkPolicy is enforced; proven by a canary where it is said to be. */
  enforces: boolean;
  /** Standard CNI programs that nodes must have and the manifest does not bring. */
  needsPrograms: readonly string[];
  /** Where it comes from if there is no manifest. */
  recipe?: string;
}

export const PLUGINS: Readonly<Record<Exclude<Cni, 'none'>, PluginFacts>> = {
  calico: {
    official: calico,
    enforces: true,
    needsPrograms: [],
  },
  canal: {
    official: (minor) => ({ url: calico(minor).url.replace('calico.yaml', 'canal.yaml') }),
    enforces: true,
    needsPrograms: [],
  },
  flannel: {
    official: () => ({
      url: 'https://github.com/flannel-io/flannel/releases/download/v0.26.4/kube-flannel.yml',
    }),
    enforces: false,
    needsPrograms: ['bridge'],
  },
  'kube-router': {
    official: () => ({
      url: 'https://raw.githubusercontent.com/cloudnativelabs/kube-router/v2.5.0/daemonset/kubeadm-kuberouter.yaml',
    }),
    enforces: true,
    needsPrograms: ['bridge'],
  },
  weave: {
    official: () => ({
      url: 'https://github.com/weaveworks/weave/releases/download/v2.8.1/weave-daemonset-k8s.yaml',
    }),
    enforces: true,
    needsPrograms: [],
  },
  cilium: {
    enforces: true,
    needsPrograms: [],
    recipe:
      'helm template cilium cilium/cilium --namespace kube-system --set ipam.mode=kubernetes > cilium.yaml',
  },
};

/** Calico 3.30 is tested by its makers up to Kubernetes 1.34, 3.32 from there on. */
function calico(minor: number): Official {
  const [version, sha256] =
    minor < 35
      ? ['v3.30.3', '9382d2b27a76f40c170454b408653e6d71e2205ef0aef069e942bb690e7381d0']
      : ['v3.32.2', 'a8c828a06a87c629a282ebbc424895b77f3a030251993e41ea400a743675bb02'];
  const base = 'https://raw.githubusercontent.com/projectcalico/calico';
  return { url: `${base}/${version}/manifests/calico.yaml`, sha256 };
}

export interface PluginManifest {
  /** On this machine. */
  file: string;
  images: readonly string[];
  /** `sha256` of the file, for the record. */
  sha256: string;
}

/**
 * The manifest of a plugin: the operator's file, or the official one, fetched once and kept. Where neither we nor the
 * operator know its digest, the first one fetched is remembered; one that differs from what is known is refused.
 */
export async function pluginManifest(
  context: KindContext,
  cni: Exclude<Cni, 'none'>,
  signal?: AbortSignal,
): Promise<PluginManifest> {
  const own = context.settings.plugins[cni] ?? {};
  const facts = PLUGINS[cni];
  if (own.file !== undefined) return readManifest(own.file, { cni, sha256: own.sha256 });
  const official =
    own.url === undefined
      ? facts.official?.(minorOf(await nodeImage(context)) ?? 0)
      : { url: own.url, sha256: undefined };
  if (official === undefined) {
    throw new GatehouseError('MACHINE_NOT_READY', `${cni} has no manifest that could be fetched`, {
      fix: `${facts.recipe ?? ''}   # then in kind.yaml: plugins: { ${cni}: { file: /path/to/${cni}.yaml } }`,
    });
  }
  const { url } = official;
  const id = createHash('sha256').update(url).digest('hex').slice(0, 8);
  const file = path.join(pluginsDir(context.stateDir), `${cni}-${id}.yaml`);
  const pin = `${file}.sha256`;
  const known = own.sha256 ?? official.sha256 ?? (await readIfThere(pin))?.trim();
  if ((await readIfThere(file)) === undefined) {
    await fetchInto(file, { url, cni, ...(signal === undefined ? {} : { signal }) });
  }
  const manifest = await readManifest(file, { cni, sha256: known, url });
  if (known === undefined) await writeFile(pin, `${manifest.sha256}\n`, { mode: 0o600 });
  return manifest;
}

async function readManifest(
  file: string,
  wanted: { cni: string; sha256: string | undefined; url?: string },
): Promise<PluginManifest> {
  const text = await readIfThere(file);
  if (text === undefined) {
    throw new GatehouseError(
      'MACHINE_NOT_READY',
      `the manifest of ${wanted.cni} is not at ${file}`,
      {
        fix: `put it there, or correct plugins.${wanted.cni}.file in kind.yaml`,
      },
    );
  }
  const sha256 = createHash('sha256').update(text).digest('hex');
  if (wanted.sha256 !== undefined && wanted.sha256 !== sha256) {
    throw new GatehouseError(
      'MACHINE_NOT_READY',
      `the manifest of ${wanted.cni} is not the one that is trusted: it has SHA-256 ${sha256}, not ${wanted.sha256}`,
      {
        fix: `look at it, then: rm ${file}   # fetched again; or trust it in kind.yaml: plugins: { ${wanted.cni}: { url: ${wanted.url ?? file}, sha256: ${sha256} } }`,
      },
    );
  }
  return { file, sha256, images: imagesOf(text) };
}

export function imagesOf(manifest: string): string[] {
  const { objects } = parseManifests(manifest);
  const found = new Set<string>();
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(walk);
    else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        if (key === 'image' && typeof inner === 'string') found.add(inner);
        else walk(inner);
      }
    }
  };
  // Definitions describe fields named `image` without having one.
  walk(objects.filter((object) => object['kind'] !== 'CustomResourceDefinition'));
  return [...found].toSorted();
}

async function fetchInto(
  file: string,
  what: { url: string; cni: string; signal?: AbortSignal },
): Promise<void> {
  const { url, cni, signal } = what;
  const fix = `on a machine with a network: curl --fail --location --output ${cni}.yaml ${url}   # then in kind.yaml: plugins: { ${cni}: { file: /path/to/${cni}.yaml } }`;
  let text: string;
  try {
    const late = AbortSignal.timeout(30_000);
    const answer = await fetch(url, {
      signal: signal === undefined ? late : AbortSignal.any([signal, late]),
    });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    text = await answer.text();
  } catch (cause) {
    throwIfAborted(signal);
    const reason = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause;
    const message = `the manifest of ${cni} could not be fetched from ${url}: ${messageOf(reason)}`;
    throw new GatehouseError('MACHINE_NOT_READY', message, { cause, fix });
  }
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  replaceFile(file, text, { mode: 0o600 });
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
}
