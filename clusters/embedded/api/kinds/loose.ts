import type { KubeObject } from '../cluster-api.js';

/** A type whose every field may be missing, at any depth: what a client may send. */
export type Loose<T> = T extends readonly (infer Item)[]
  ? Loose<Item>[]
  : T extends object
    ? string extends keyof T
      ? { -readonly [Key in keyof T]: Loose<T[Key]> }
      : { -readonly [Key in keyof T]?: Loose<T[Key]> }
    : T;

/** An object of a kind with its spec and status as they may come. `spec` is there after defaulting. */
export interface ObjectOf<Spec, Status = never> extends KubeObject {
  spec: Loose<Spec>;
  status?: Loose<Status>;
}
