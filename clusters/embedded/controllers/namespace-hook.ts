/** Has the listener called with a namespace's name right after its creation, before anything else is written. */
export type NamespaceHook = (listener: (namespace: string) => void) => void;
