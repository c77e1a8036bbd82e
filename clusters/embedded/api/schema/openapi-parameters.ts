/** The query parameters of the API, in our own words. */
export const QUERY_PARAMETERS: Readonly<
  Record<string, { type: 'string' | 'integer' | 'boolean'; description: string }>
> = {
  allowWatchBookmarks: { type: 'boolean', description: 'Whether a watch may send bookmarks.' },
  continue: { type: 'string', description: 'The token of the page before, for the next one.' },
  dryRun: { type: 'string', description: 'All: do everything but store the result.' },
  fieldManager: {
    type: 'string',
    description: 'Who is said to own the fields that this request sets.',
  },
  fieldSelector: { type: 'string', description: 'Keeps objects whose fields match.' },
  fieldValidation: {
    type: 'string',
    description:
      'What happens to unknown and repeated fields: Ignore, Warn (the default) or Strict.',
  },
  force: { type: 'boolean', description: 'Take over fields that somebody else owns (apply only).' },
  gracePeriodSeconds: {
    type: 'integer',
    description: 'Seconds until the object is gone; 0 is at once.',
  },
  ignoreStoreReadErrorWithClusterBreakingPotential: {
    type: 'boolean',
    description: 'Accepted and without effect.',
  },
  labelSelector: { type: 'string', description: 'Keeps objects whose labels match.' },
  limit: { type: 'integer', description: 'The most objects in one answer.' },
  orphanDependents: { type: 'boolean', description: 'Older form of propagationPolicy Orphan.' },
  pretty: { type: 'string', description: 'true: indent the answer.' },
  propagationPolicy: {
    type: 'string',
    description: 'What becomes of dependents: Orphan, Background or Foreground.',
  },
  resourceVersion: {
    type: 'string',
    description: 'How fresh the answer has to be, or where a watch starts.',
  },
  resourceVersionMatch: { type: 'string', description: 'How resourceVersion is meant.' },
  sendInitialEvents: { type: 'boolean', description: 'Begin a watch with what there is.' },
  timeoutSeconds: { type: 'integer', description: 'When a list or watch ends, whatever happens.' },
  watch: { type: 'boolean', description: 'Follow changes instead of listing.' },
};

export const PATH_PARAMETERS: Readonly<Record<'name' | 'namespace' | 'path', string>> = {
  name: 'name of the object',
  namespace: 'namespace of the object',
  path: 'what follows in the URL',
};
