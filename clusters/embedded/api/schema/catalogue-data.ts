/** What the build writes to `dist/catalogue.json`: packages stay JSON text until one of their types is asked for. */
export interface CatalogueData {
  fingerprint: string;
  /** Package name -> JSON of its types by short name. */
  packages: Record<string, string>;
  /** `group/version/Kind` -> full type name. */
  kinds: Record<string, string>;
}
