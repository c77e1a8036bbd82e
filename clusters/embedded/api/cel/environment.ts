import { Environment } from '@marcbachmann/cel-js';
import { addAddresses } from './libraries/addresses.js';
import { addAuthorizer } from './libraries/authorizer.js';
import { addFormats } from './libraries/formats.js';
import { addLists } from './libraries/lists.js';
import { addQuantities } from './libraries/quantities.js';
import { addStrings } from './libraries/strings.js';
import { addUrls } from './libraries/urls.js';
import { addHasField } from './rewrite-has.js';

let base: Environment | undefined;
const environments = new Map<string, Environment>();

/** The language with Kubernetes' libraries and these variables, by name with their types. */
export function environmentWith(variables: Readonly<Record<string, string>>): Environment {
  const key = JSON.stringify(variables);
  let environment = environments.get(key);
  if (environment === undefined) {
    base ??= createBase();
    environment = base.clone();
    for (const [name, type] of Object.entries(variables)) environment.registerVariable(name, type);
    environments.set(key, environment);
  }
  return environment;
}

function createBase(): Environment {
  const environment = new Environment({
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: false,
    limits: { maxDepth: 100, maxAstNodes: 10_000 },
  });
  for (const add of [
    addStrings,
    addLists,
    addQuantities,
    addAddresses,
    addUrls,
    addFormats,
    addAuthorizer,
    addHasField,
  ]) {
    add(environment);
  }
  return environment;
}
