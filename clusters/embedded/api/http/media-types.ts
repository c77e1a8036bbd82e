/** How an answer is written. */
export interface Representation {
  format: 'json' | 'yaml';
  as: 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';
  /** The version of meta.k8s.io for `as`. */
  version: string;
}

interface MediaType {
  type: string;
  parameters: ReadonlyMap<string, string>;
}

const AS_OBJECT: Representation = { format: 'json', as: 'object', version: '' };
const REMEMBERED = 64;
const known = new Map<string, Representation | undefined>();

/** The first representation of an Accept header that can be served; undefined where there is none. */
export function negotiate(accept: string | undefined): Representation | undefined {
  if (accept === undefined || accept === '') return AS_OBJECT;
  if (known.has(accept)) return known.get(accept);
  const found = findRepresentation(accept);
  if (known.size >= REMEMBERED) known.clear();
  known.set(accept, found);
  return found;
}

export function parseMediaTypes(header: string): MediaType[] {
  return header.split(',').map((part) => {
    const [type = '', ...rest] = part.split(';');
    const parameters = new Map(
      rest.map((parameter) => {
        const [key = '', value = ''] = parameter.split('=');
        return [key.trim().toLowerCase(), value.trim().replace(/^"|"$/g, '')] as const;
      }),
    );
    return { type: type.trim().toLowerCase(), parameters };
  });
}

function findRepresentation(accept: string): Representation | undefined {
  for (const { type, parameters } of parseMediaTypes(accept)) {
    const format = formatOf(type);
    if (format === undefined) continue;
    const as = parameters.get('as');
    if (as === undefined) return { format, as: 'object', version: '' };
    const version = parameters.get('v') ?? '';
    if (parameters.get('g') !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) {
      continue;
    }
    if (as === 'Table' || as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') {
      return { format, as, version };
    }
  }
  return undefined;
}

function formatOf(type: string): 'json' | 'yaml' | undefined {
  switch (type) {
    case 'application/json':
    case '*/*':
    case 'application/*':
      return 'json';
    case 'application/yaml':
      return 'yaml';
    default:
      return undefined;
  }
}
