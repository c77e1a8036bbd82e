/** What a pod may run: each image name maps to real processes built from what the machine has. */
export interface CatalogueImage {
  /** Canonical name without tag: `nginx`, `registry.k8s.io/e2e-test-images/agnhost`. */
  name: string;
  /** ENTRYPOINT and CMD of the image; argv[0] is found on `path`. */
  entrypoint: readonly string[];
  command: readonly string[];
  env: Readonly<Record<string, string>>;
  workingDir: string;
  /** Ports the real image exposes; for documentation and `describe`. */
  ports: readonly number[];
  /** Programs of ours that appear in /usr/local/bin: name there -> file in the images' build folder. */
  programs: Readonly<Record<string, string>>;
  /** Where the image has its programs beside /usr/local/bin: absolute path -> what the link points to. */
  links?: Readonly<Record<string, string>>;
  /** `busybox`: only busybox's applets, in /bin. `debian`: the machine's /usr, read-only. `minimal`: the image's programs alone. */
  userland: 'busybox' | 'debian' | 'minimal';
  /** Files the image brings: absolute path -> text. Folders that must be writable besides /tmp, /run, /var and home. */
  files: Readonly<Record<string, string>>;
  writable: readonly string[];
  /** What is real and what stands in, one sentence for docs and `describe`. */
  honesty: string;
}
