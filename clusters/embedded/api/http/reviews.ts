import { isJsonObject } from '../../../../common/json.js';
import type { JsonObject } from '../../../../common/json.js';
import type { Attributes } from '../auth/rbac.js';
import { DEFAULT_AUDIENCE } from '../auth/tokens.js';
import { userJson } from '../auth/user-json.js';
import type { UserInfo } from '../registry/admission.js';
import { timestamp } from '../registry/object-meta.js';
import { managerOf } from './context.js';
import type { ResourceContext } from './context.js';
import { readContent } from './pod-actions.js';
import { sendJson } from './respond.js';

/** Questions that are asked by creating an object and never stored. */
const REVIEWS: Readonly<
  Record<string, (context: ResourceContext, body: JsonObject) => JsonObject>
> = {
  'authorization.k8s.io/selfsubjectaccessreviews': (context, body) =>
    accessReview(context, body, context.user),
  'authorization.k8s.io/subjectaccessreviews': (context, body) =>
    accessReview(context, body, userOf(specOf(body))),
  'authorization.k8s.io/localsubjectaccessreviews': (context, body) =>
    accessReview(context, body, userOf(specOf(body))),
  'authorization.k8s.io/selfsubjectrulesreviews': rulesReview,
  'authentication.k8s.io/selfsubjectreviews': subjectReview,
  'authentication.k8s.io/tokenreviews': tokenReview,
};

export function isReview(group: string, plural: string): boolean {
  return REVIEWS[`${group}/${plural}`] !== undefined;
}

export async function handleReview(context: ResourceContext): Promise<void> {
  const { group, plural } = context.target;
  const { definition } = context.served;
  const body = await readContent(context, definition.kind);
  const answer = REVIEWS[`${group}/${plural}`]?.(context, body) ?? {};
  const apiVersion = `${definition.group}/${definition.version}`;
  const fields = Object.keys(specOf(body)).length > 0 ? { 'f:spec': fieldsOf(specOf(body)) } : {};
  sendJson(context, 201, {
    kind: definition.kind,
    apiVersion,
    metadata: {
      creationTimestamp: null,
      ...(Object.keys(fields).length > 0 && {
        managedFields: [
          {
            manager: managerOf(context, context.query.get('fieldManager') ?? ''),
            operation: 'Update',
            apiVersion,
            time: timestamp(context.server.api.now()),
            fieldsType: 'FieldsV1',
            fieldsV1: fields,
          },
        ],
      }),
    },
    ...answer,
  });
}

function accessReview(context: ResourceContext, body: JsonObject, user: UserInfo): JsonObject {
  const spec = specOf(body);
  const allowed = context.server.rbac.allows(user, attributesOf(spec, context));
  return { spec, status: { allowed } };
}

function attributesOf(spec: JsonObject, context: ResourceContext): Attributes {
  const path = spec['nonResourceAttributes'];
  if (isJsonObject(path)) return { verb: text(path['verb']), path: text(path['path']) };
  const asked = isJsonObject(spec['resourceAttributes']) ? spec['resourceAttributes'] : {};
  return {
    verb: text(asked['verb']),
    group: text(asked['group']),
    resource: text(asked['resource']),
    subresource: text(asked['subresource']),
    namespace: context.target.namespace ?? text(asked['namespace']),
    name: text(asked['name']),
  };
}

function rulesReview(context: ResourceContext, body: JsonObject): JsonObject {
  const spec = specOf(body);
  const resourceRules: JsonObject[] = [];
  const nonResourceRules: JsonObject[] = [];
  for (const rule of context.server.rbac.rules(context.user, text(spec['namespace']))) {
    if (rule.resources.length > 0) {
      resourceRules.push({
        verbs: [...rule.verbs],
        apiGroups: [...rule.apiGroups],
        resources: [...rule.resources],
        ...(rule.resourceNames.length > 0 && { resourceNames: [...rule.resourceNames] }),
      });
    }
    if (rule.nonResourceURLs.length > 0) {
      nonResourceRules.push({ verbs: [...rule.verbs], nonResourceURLs: [...rule.nonResourceURLs] });
    }
  }
  return { spec: {}, status: { resourceRules, nonResourceRules, incomplete: false } };
}

function subjectReview(context: ResourceContext): JsonObject {
  return {
    metadata: { creationTimestamp: timestamp(context.server.api.now()) },
    status: { userInfo: userJson(context.user) },
  };
}

function tokenReview(context: ResourceContext, body: JsonObject): JsonObject {
  const spec = specOf(body);
  const audiences = Array.isArray(spec['audiences']) ? spec['audiences'].map(String) : [];
  const asked = audiences.length > 0 ? audiences : [DEFAULT_AUDIENCE];
  const user = context.server.tokens.check(text(spec['token']), asked);
  if (user === undefined) {
    return {
      spec,
      status: {
        user: {},
        error: '[invalid bearer token, square/go-jose: error in cryptographic primitive]',
      },
    };
  }
  return { spec, status: { authenticated: true, user: userJson(user), audiences: asked } };
}

function userOf(spec: JsonObject): UserInfo {
  const groups = Array.isArray(spec['groups']) ? spec['groups'].map(String) : [];
  return { username: text(spec['user']), uid: text(spec['uid']), groups };
}

function specOf(body: JsonObject): JsonObject {
  return isJsonObject(body['spec']) ? body['spec'] : {};
}

function fieldsOf(value: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      `f:${key}`,
      isJsonObject(item) ? { '.': {}, ...fieldsOf(item) } : {},
    ]),
  );
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
