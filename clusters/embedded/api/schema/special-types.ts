import type { TypeSchema } from '../schema-catalogue.js';

/** Types that are no objects of fields, with our own words: the models show them as plain strings or `any`. */
export const SPECIAL_TYPES: Readonly<Record<string, TypeSchema>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': special(
    'string',
    'An amount with a suffix: 500m, 2, 64Mi, 1e3.',
  ),
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': special(
    'date-time',
    'A moment, to the second, in RFC 3339.',
  ),
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': special(
    'date-time',
    'A moment, to the microsecond, in RFC 3339.',
  ),
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1': special(
    'object',
    'A set of fields as a tree of `f:`, `k:`, `v:` and `i:` keys.',
  ),
  'io.k8s.apimachinery.pkg.apis.meta.v1.Patch': special('object', 'The body of a PATCH request.'),
  'io.k8s.apimachinery.pkg.runtime.RawExtension': special('object', 'An object of any kind.'),
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': special(
    'int-or-string',
    'A whole number or a string.',
  ),
  ...Object.fromEntries(
    [
      ['JSON', 'Any JSON value.'],
      ['JSONSchemaPropsOrArray', 'One schema or a list of schemas.'],
      ['JSONSchemaPropsOrBool', 'A schema or a boolean.'],
      ['JSONSchemaPropsOrStringArray', 'A schema or a list of strings.'],
    ].map(([name, description]) => [
      `io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.${name ?? ''}`,
      special('any', description ?? ''),
    ]),
  ),
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus':
    special('object', 'Switches the status subresource of a custom resource on.'),
};

/** Full name of a special type by the short name that the facts use. */
export function specialTypeName(shortName: string): string | undefined {
  return Object.keys(SPECIAL_TYPES).find((name) => name.endsWith(`.${shortName}`));
}

function special(format: NonNullable<TypeSchema['format']>, description: string): TypeSchema {
  return { description, format, required: [] };
}
