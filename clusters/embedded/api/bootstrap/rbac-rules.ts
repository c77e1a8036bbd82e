import type { JsonObject } from '../../../../common/json.js';

const READ = 'get,list,watch';
const CHANGE = 'create,delete,deletecollection,patch,update';
const ALL = 'create,delete,deletecollection,get,list,patch,update,watch';

/** One line per rule: `groups | resources | verbs | names`; the core group is `-`; `@` before paths that are no resources. */
const VIEW = `
- | configmaps,endpoints,persistentvolumeclaims,persistentvolumeclaims/status,pods,replicationcontrollers,replicationcontrollers/scale,serviceaccounts,services,services/status | ${READ}
- | bindings,events,limitranges,namespaces/status,pods/log,pods/status,replicationcontrollers/status,resourcequotas,resourcequotas/status | ${READ}
- | namespaces | ${READ}
discovery.k8s.io | endpointslices | ${READ}
apps | controllerrevisions,daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,replicasets,replicasets/scale,replicasets/status,statefulsets,statefulsets/scale,statefulsets/status | ${READ}
autoscaling | horizontalpodautoscalers,horizontalpodautoscalers/status | ${READ}
batch | cronjobs,cronjobs/status,jobs,jobs/status | ${READ}
policy | poddisruptionbudgets,poddisruptionbudgets/status | ${READ}
networking.k8s.io | ingresses,ingresses/status,networkpolicies | ${READ}`;

const EDIT = `
- | pods/attach,pods/exec,pods/portforward,pods/proxy,secrets,services/proxy | ${READ}
- | serviceaccounts | impersonate
- | pods,pods/attach,pods/exec,pods/portforward,pods/proxy | ${CHANGE}
- | pods/eviction | create
- | configmaps,endpoints,events,persistentvolumeclaims,replicationcontrollers,replicationcontrollers/scale,secrets,serviceaccounts,services,services/proxy | ${CHANGE}
- | serviceaccounts/token | create
apps | daemonsets,deployments,deployments/rollback,deployments/scale,replicasets,replicasets/scale,statefulsets,statefulsets/scale | ${CHANGE}
autoscaling | horizontalpodautoscalers | ${CHANGE}
batch | cronjobs,jobs | ${CHANGE}
policy | poddisruptionbudgets | ${CHANGE}
networking.k8s.io | ingresses,networkpolicies | ${CHANGE}
coordination.k8s.io | leases | ${ALL}`;

const ADMIN = `
authorization.k8s.io | localsubjectaccessreviews | create
rbac.authorization.k8s.io | rolebindings,roles | ${ALL}`;

/** What metrics-server brings; the roles below have gathered it already. */
const METRICS = `
metrics.k8s.io | nodes,pods | ${READ}`;

const EVENTS = '-,events.k8s.io | events | create,patch,update';

export const CLUSTER_ROLES: Readonly<Record<string, string>> = {
  'cluster-admin': `
* | * | *
@ | * | *`,
  admin: `${EDIT}${VIEW}${METRICS}${ADMIN}`,
  edit: `${EDIT}${VIEW}${METRICS}`,
  view: `${VIEW}${METRICS}`,
  'system:aggregate-to-admin': ADMIN,
  'system:aggregate-to-edit': EDIT,
  'system:aggregate-to-view': VIEW,
  'system:aggregated-metrics-reader': METRICS,
  'system:auth-delegator': `
authentication.k8s.io | tokenreviews | create
authorization.k8s.io | subjectaccessreviews | create`,
  'system:basic-user': `
authorization.k8s.io | selfsubjectaccessreviews,selfsubjectrulesreviews | create
authentication.k8s.io | selfsubjectreviews | create`,
  'system:certificates.k8s.io:certificatesigningrequests:nodeclient': `
certificates.k8s.io | certificatesigningrequests/nodeclient | create`,
  'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient': `
certificates.k8s.io | certificatesigningrequests/selfnodeclient | create`,
  'system:discovery': `
@ | /api,/api/*,/apis,/apis/*,/healthz,/livez,/openapi,/openapi/*,/readyz,/version,/version/ | get`,
  'system:public-info-viewer': `
@ | /healthz,/livez,/readyz,/version,/version/ | get`,
  'system:service-account-issuer-discovery': `
@ | /.well-known/openid-configuration,/.well-known/openid-configuration/,/openid/v1/jwks,/openid/v1/jwks/ | get`,
  'system:kube-controller-manager': `
${EVENTS}
coordination.k8s.io | leases | create
coordination.k8s.io | leases | get,update | kube-controller-manager
- | secrets,serviceaccounts | create
- | secrets | delete
- | configmaps,namespaces,secrets,serviceaccounts | get
- | secrets,serviceaccounts | update
authentication.k8s.io | tokenreviews | create
authorization.k8s.io | subjectaccessreviews | create
* | * | list,watch
- | serviceaccounts/token | create`,
  'system:kube-dns': `
- | endpoints,services | list,watch`,
  'system:kube-scheduler': `
${EVENTS}
coordination.k8s.io | leases | create
coordination.k8s.io | leases | get,list,update,watch | kube-scheduler
- | nodes | ${READ}
- | pods | delete,get,list,watch
- | bindings,pods/binding | create
- | pods/status | patch,update
- | replicationcontrollers,services | ${READ}
apps | replicasets | ${READ}
apps | statefulsets | ${READ}
policy | poddisruptionbudgets | ${READ}
- | persistentvolumeclaims,persistentvolumes | ${READ}
authentication.k8s.io | tokenreviews | create
authorization.k8s.io | subjectaccessreviews | create
- | namespaces | ${READ}
storage.k8s.io | csidrivers,csinodes,csistoragecapacities | ${READ}`,
  'system:kubelet-api-admin': `
- | nodes | ${READ}
- | nodes | proxy
- | nodes/log,nodes/metrics,nodes/proxy,nodes/stats | *`,
  'system:node': `
authentication.k8s.io | tokenreviews | create
authorization.k8s.io | localsubjectaccessreviews,subjectaccessreviews | create
- | services | ${READ}
- | nodes | create,get,list,watch
- | nodes/status | patch,update
- | nodes | patch,update
- | events | create,patch,update
- | pods | ${READ}
- | pods | create,delete
- | pods/status | patch,update
- | pods/eviction | create
- | configmaps,secrets | ${READ}
- | persistentvolumeclaims,persistentvolumes | get
- | endpoints | get
certificates.k8s.io | certificatesigningrequests | create,get,list,watch
coordination.k8s.io | leases | create,delete,get,patch,update
- | serviceaccounts/token | create
node.k8s.io | runtimeclasses | ${READ}`,
  'system:node-bootstrapper': `
certificates.k8s.io | certificatesigningrequests | create,get,list,watch`,
  'system:node-problem-detector': `
- | nodes | get
- | nodes/status | patch
${EVENTS}`,
  'system:node-proxier': `
- | endpoints,services | list,watch
- | nodes | ${READ}
${EVENTS}
discovery.k8s.io | endpointslices | list,watch`,
  'system:persistent-volume-provisioner': `
- | persistentvolumes | create,delete,get,list,watch
- | persistentvolumeclaims | get,list,update,watch
storage.k8s.io | storageclasses | ${READ}
- | events | watch
${EVENTS}`,
  'system:volume-scheduler': `
- | persistentvolumes | get,list,patch,update,watch
storage.k8s.io | storageclasses | ${READ}
- | persistentvolumeclaims | get,list,patch,update,watch`,
};

/** Roles that gather the rules of others by label, and the label they gather. */
export const AGGREGATED: Readonly<Record<string, string>> = {
  admin: 'rbac.authorization.k8s.io/aggregate-to-admin',
  edit: 'rbac.authorization.k8s.io/aggregate-to-edit',
  view: 'rbac.authorization.k8s.io/aggregate-to-view',
};

/** Into which role the rules of a role are gathered. */
export const GATHERED_BY: Readonly<Record<string, string>> = {
  'system:aggregate-to-admin': AGGREGATED['admin'] ?? '',
  'system:aggregate-to-edit': AGGREGATED['edit'] ?? '',
  'system:aggregate-to-view': AGGREGATED['view'] ?? '',
  'system:aggregated-metrics-reader': AGGREGATED['view'] ?? '',
  edit: AGGREGATED['admin'] ?? '',
  view: AGGREGATED['edit'] ?? '',
};

/** Who has a role from the start: `Group:`, `User:` or `ServiceAccount:namespace/` and a name. */
export const CLUSTER_ROLE_BINDINGS: Readonly<Record<string, string>> = {
  'cluster-admin': 'Group:system:masters',
  'system:basic-user': 'Group:system:authenticated',
  'system:discovery': 'Group:system:authenticated',
  'system:public-info-viewer': 'Group:system:authenticated,Group:system:unauthenticated',
  'system:kube-controller-manager': 'User:system:kube-controller-manager',
  'system:kube-dns': 'ServiceAccount:kube-system/kube-dns',
  'system:kube-scheduler': 'User:system:kube-scheduler',
  'system:node': '',
  'system:node-proxier': 'User:system:kube-proxy',
  'system:service-account-issuer-discovery': 'Group:system:serviceaccounts',
  'system:volume-scheduler': 'User:system:kube-scheduler',
};

const parsed = new Map<string, readonly JsonObject[]>();

export function parseRules(text: string): readonly JsonObject[] {
  let rules = parsed.get(text);
  if (rules === undefined) {
    rules = text
      .split('\n')
      .filter((line) => line !== '')
      .map(parseRule);
    parsed.set(text, rules);
  }
  return rules;
}

function parseRule(line: string): JsonObject {
  const [groups = '', what = '', verbs = '', names] = line.split('|').map((part) => part.trim());
  if (groups === '@') return { nonResourceURLs: what.split(','), verbs: verbs.split(',') };
  return {
    apiGroups: groups.split(',').map((group) => (group === '-' ? '' : group)),
    resources: what.split(','),
    ...(names !== undefined && { resourceNames: names.split(',') }),
    verbs: verbs.split(','),
  };
}
