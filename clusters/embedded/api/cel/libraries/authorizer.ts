import type { Environment } from '@marcbachmann/cel-js';
import type { Attributes } from '../../auth/rbac.js';
import type { UserInfo } from '../../registry/admission.js';

type Allows = (user: UserInfo, attributes: Attributes) => boolean;

/** What `authorizer` is in an expression: questions about what a user may do. */
export class CelAuthorizer {
  readonly allows: Allows;
  readonly user: UserInfo;
  /** The question about the request itself. */
  readonly requestResource: Question;

  constructor(allows: Allows, user: UserInfo, request: Omit<Attributes, 'verb'>) {
    this.allows = allows;
    this.user = user;
    this.requestResource = new Question(this, request);
  }
}

/** A question half asked: its group, resource or path are known. */
class Question {
  readonly authorizer: CelAuthorizer;
  readonly attributes: Omit<Attributes, 'verb'>;

  constructor(authorizer: CelAuthorizer, attributes: Omit<Attributes, 'verb'>) {
    this.authorizer = authorizer;
    this.attributes = attributes;
  }

  with(more: Omit<Attributes, 'verb'>): Question {
    return new Question(this.authorizer, { ...this.attributes, ...more });
  }
}

class Decision {
  readonly isAllowed: boolean;

  constructor(isAllowed: boolean) {
    this.isAllowed = isAllowed;
  }
}

/** `authorizer.group("apps").resource("deployments").namespace("x").check("create").allowed()`. */
export function addAuthorizer(env: Environment): void {
  env.registerType('AuthorizerQuestion', { ctor: Question, fields: {} });
  env.registerType('Authorizer', {
    ctor: CelAuthorizer,
    fields: { requestResource: 'AuthorizerQuestion' },
  });
  env.registerType('AuthorizerDecision', { ctor: Decision, fields: {} });
  env.registerFunction(
    'Authorizer.path(string): AuthorizerQuestion',
    (authorizer: CelAuthorizer, path: string) => new Question(authorizer, { path }),
  );
  env.registerFunction(
    'Authorizer.group(string): AuthorizerQuestion',
    (authorizer: CelAuthorizer, group: string) => new Question(authorizer, { group }),
  );
  env.registerFunction(
    'Authorizer.serviceAccount(string, string): Authorizer',
    (authorizer: CelAuthorizer, namespace: string, name: string) =>
      new CelAuthorizer(
        authorizer.allows,
        accountUser(namespace, name),
        authorizer.requestResource.attributes,
      ),
  );
  for (const part of ['resource', 'subresource', 'namespace', 'name'] as const) {
    env.registerFunction(
      `AuthorizerQuestion.${part}(string): AuthorizerQuestion`,
      (question: Question, value: string) => question.with({ [part]: value }),
    );
  }
  env.registerFunction(
    'AuthorizerQuestion.check(string): AuthorizerDecision',
    ({ authorizer, attributes }: Question, verb: string) =>
      new Decision(authorizer.allows(authorizer.user, { ...attributes, verb })),
  );
  env.registerFunction(
    'AuthorizerDecision.allowed(): bool',
    ({ isAllowed }: Decision) => isAllowed,
  );
  env.registerFunction('AuthorizerDecision.errored(): bool', () => false);
  env.registerFunction('AuthorizerDecision.error(): string', () => '');
  env.registerFunction('AuthorizerDecision.reason(): string', () => '');
}

function accountUser(namespace: string, name: string): UserInfo {
  return {
    username: `system:serviceaccount:${namespace}:${name}`,
    groups: [
      'system:serviceaccounts',
      `system:serviceaccounts:${namespace}`,
      'system:authenticated',
    ],
  };
}
