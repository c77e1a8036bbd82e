import type { JsonObject } from '../../../../common/json.js';
import type { KubeObject } from '../cluster-api.js';
import type { ResourceDefinition } from '../resource-definition.js';
import { schemaCatalogue } from '../schema/index.js';
import { BUILT_IN_RESOURCES } from './index.js';
import { create } from './test-support/small-cluster.js';
import { describeRecorded, listRecorded, readRecorded } from './test-support/recorded.js';
import { definitionOf, withoutNulls } from './test-support/recorded-definitions.js';
import { apiVersionOf } from '../api-version.js';

const APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

describeRecorded('objects of a real server', () => {
  const files = ['lists', 'live/lists'].flatMap((folder) =>
    listRecorded(folder)
      .filter((file) => definitionOf(file) !== undefined)
      .map((file) => [`${folder}/${file}`, definitionOf(file)!] as const),
  );

  test.each(files)('%s are read without loss, and have every default', (file, definition) => {
    const { group, version, kind } = definition;
    const apiVersion = apiVersionOf(definition);
    const typeName = schemaCatalogue.typeOf(group, version, kind)!;
    for (const item of readRecorded<{ items: JsonObject[] | null }>(file).items ?? []) {
      const recorded = withoutNulls({ ...item, apiVersion, kind });
      const { object, unknownFields } = schemaCatalogue.decode(
        { ...item, apiVersion, kind },
        typeName,
      );
      expect(unknownFields).toEqual([]);
      expect(withoutNulls(object)).toEqual(recorded);
      definition.applyDefaults(object);
      expect(withoutNulls(object)).toEqual(recorded);
    }
  });

  const applied = files
    .filter(([file]) => !file.includes('__ns'))
    .flatMap(([file, definition]) =>
      (readRecorded<{ items: KubeObject[] | null }>(file).items ?? []).map(
        (item) => [`${file} ${item.metadata.name}`, item, definition] as const,
      ),
    )
    .filter(
      ([, item, definition]) =>
        definition.storedAs === undefined &&
        item.metadata.annotations?.[APPLIED]?.includes(`"kind":"${definition.kind}"`) === true,
    );

  test.each(applied)('%s is made of what was applied', (...[, item, definition]) => {
    const sent = JSON.parse(item.metadata.annotations![APPLIED]!) as JsonObject & KubeObject;
    const document = { ...sent, metadata: { ...sent.metadata, namespace: 'demo' } };
    const limitranges =
      item.metadata.annotations!['kubernetes.io/limit-ranger'] === undefined ? [] : [limits()];
    const made = create(definition, document as unknown as JsonObject, { limitranges });
    expect(comparable(made)).toEqual(comparable(item));
  });

  test.each(files)('%s are valid', (file, definition) => {
    for (const item of readRecorded<{ items: KubeObject[] | null }>(file).items ?? []) {
      const apiVersion = apiVersionOf(definition);
      const object = withoutNulls({ ...item, apiVersion, kind: definition.kind });
      const stored = definition.storedAs?.toStored(object) ?? object;
      expect(storedDefinition(definition).validate(stored)).toEqual([]);
    }
  });
});

/** The range that the recorded namespace `demo` has. */
function limits(): KubeObject {
  const items = readRecorded<{ items: JsonObject[] }>('lists/v1__limitranges.json').items;
  return create(definitionOf('v1__limitranges.json')!, items[0]!);
}

/** Without what controllers added later, that build's own additions, and what is made up each time. */
function comparable(object: KubeObject): unknown {
  const {
    metadata: _metadata,
    status: _status,
    kind: _kind,
    apiVersion: _version,
    ...rest
  } = object;
  const text = JSON.stringify(rest)
    .replace(/,\{"configMap":\{"name":"openshift-service-ca.crt","items":\[[^\]]*\]\}\}/g, '')
    .replace(/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access-x')
    .replace(/"10\.96\.\d+\.\d+"/g, '"10.96.x"')
    .replace(/controller-uid":"[^"]*"/g, 'controller-uid":"x"');
  const plain = withoutNulls(JSON.parse(text) as { spec?: JsonObject });
  for (const later of ['nodeName', 'claimRef', 'taints']) delete plain.spec?.[later];
  return plain;
}

function storedDefinition(definition: ResourceDefinition): ResourceDefinition {
  const { storedAs } = definition;
  if (storedAs === undefined) return definition;
  const [plural = '', ...group] = storedAs.resource.split('.');
  return BUILT_IN_RESOURCES.find(
    (one) => one.plural === plural && one.group === group.join('.') && one.storedAs === undefined,
  )!;
}
