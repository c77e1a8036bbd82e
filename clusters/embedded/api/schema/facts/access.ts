/** Facts about the types of who may do what. The notation is told in `../facts.ts`. */
export const ACCESS_FACTS = `
# io.k8s.api.rbac.v1
AggregationRule clusterRoleSelectors:atomic
ClusterRole metadata:{} rules:atomic
ClusterRoleBinding metadata:{} roleRef:{} subjects:atomic
ClusterRoleBindingList metadata:{}
ClusterRoleList metadata:{}
PolicyRule apiGroups:atomic nonResourceURLs:atomic resourceNames:atomic resources:atomic verbs:atomic
Role metadata:{} rules:atomic
RoleBinding metadata:{} roleRef:{} subjects:atomic
RoleBindingList metadata:{}
RoleList metadata:{}
RoleRef! apiGroup:0 kind:0 name:0
Subject! kind:0 name:0
# io.k8s.api.authentication.v1
BoundObjectReference
SelfSubjectReview metadata:{} status:{}
SelfSubjectReviewStatus userInfo:{}
TokenRequest metadata:{} spec:{} status:{}
TokenRequestSpec audiences:atomic expirationSeconds:*
TokenRequestStatus expirationTimestamp:@Time token:0
TokenReview metadata:{} spec:{} status:{}
TokenReviewSpec audiences:atomic
TokenReviewStatus audiences:atomic user:{}
UserInfo groups:atomic
# io.k8s.api.authorization.v1
FieldSelectorAttributes requirements:atomic
LabelSelectorAttributes requirements:atomic
LocalSubjectAccessReview metadata:{} spec:{} status:{}
NonResourceAttributes
NonResourceRule nonResourceURLs:atomic verbs:atomic
ResourceAttributes
ResourceRule apiGroups:atomic resourceNames:atomic resources:atomic verbs:atomic
SelfSubjectAccessReview metadata:{} spec:{} status:{}
SelfSubjectAccessReviewSpec
SelfSubjectRulesReview metadata:{} spec:{} status:{}
SelfSubjectRulesReviewSpec
SubjectAccessReview metadata:{} spec:{} status:{}
SubjectAccessReviewSpec groups:atomic
SubjectAccessReviewStatus allowed:0
SubjectRulesReviewStatus incomplete:0 nonResourceRules:atomic resourceRules:atomic
# io.k8s.api.certificates.v1
CertificateSigningRequest metadata:{} spec:{} status:{}
CertificateSigningRequestCondition lastTransitionTime:@Time lastUpdateTime:@Time status:0 type:0
CertificateSigningRequestList metadata:{}
CertificateSigningRequestSpec expirationSeconds:* groups:atomic request:atomic signerName:0 usages:atomic,enum(any|cert sign|client auth|code signing|content commitment|crl sign|data encipherment|decipher only|digital signature|email protection|encipher only|ipsec end system|ipsec tunnel|ipsec user|key agreement|key encipherment|microsoft sgc|netscape sgc|ocsp signing|s/mime|server auth|signing|timestamping)
CertificateSigningRequestStatus certificate:atomic conditions:map(type)
# io.k8s.api.admissionregistration.v1
AuditAnnotation key:0 valueExpression:0
ExpressionWarning fieldRef:0 warning:0
MatchCondition expression:0 name:0
MatchResources! excludeResourceRules:atomic matchPolicy:*,enum(Equivalent|Exact) resourceRules:atomic
MutatingWebhook admissionReviewVersions:atomic clientConfig:{} failurePolicy:*,enum(Fail|Ignore) matchConditions:map(name),patch(merge name) matchPolicy:*,enum(Equivalent|Exact) name:0 reinvocationPolicy:*,enum(IfNeeded|Never) rules:atomic sideEffects:*,enum(None|NoneOnDryRun|Some|Unknown) timeoutSeconds:*
MutatingWebhookConfiguration metadata:{} webhooks:map(name),patch(merge name)
MutatingWebhookConfigurationList metadata:{}
NamedRuleWithOperations! apiGroups:atomic apiVersions:atomic operations:atomic,enum(*|CONNECT|CREATE|DELETE|UPDATE) resourceNames:atomic resources:atomic scope:*
ParamKind!
ParamRef! parameterNotFoundAction:*
RuleWithOperations apiGroups:atomic apiVersions:atomic operations:atomic,enum(*|CONNECT|CREATE|DELETE|UPDATE) resources:atomic scope:*
ServiceReference name:0 namespace:0 path:* port:*
TypeChecking expressionWarnings:atomic
ValidatingAdmissionPolicy metadata:{} spec:{} status:{}
ValidatingAdmissionPolicyBinding metadata:{} spec:{}
ValidatingAdmissionPolicyBindingList metadata:{}
ValidatingAdmissionPolicyBindingSpec validationActions:set,enum(Audit|Deny|Warn)
ValidatingAdmissionPolicyList metadata:{}
ValidatingAdmissionPolicySpec auditAnnotations:atomic failurePolicy:*,enum(Fail|Ignore) matchConditions:map(name),patch(merge name) validations:atomic variables:map(name),patch(merge name)
ValidatingAdmissionPolicyStatus conditions:map(type)
ValidatingWebhook admissionReviewVersions:atomic clientConfig:{} failurePolicy:*,enum(Fail|Ignore) matchConditions:map(name),patch(merge name) matchPolicy:*,enum(Equivalent|Exact) name:0 rules:atomic sideEffects:*,enum(None|NoneOnDryRun|Some|Unknown) timeoutSeconds:*
ValidatingWebhookConfiguration metadata:{} webhooks:map(name),patch(merge name)
ValidatingWebhookConfigurationList metadata:{}
Validation expression:0 reason:*
Variable! expression:0 name:0
WebhookClientConfig url:*
# io.k8s.api.flowcontrol.v1
ExemptPriorityLevelConfiguration lendablePercent:* nominalConcurrencyShares:*
FlowDistinguisherMethod type:0
FlowSchema metadata:{} spec:{} status:{}
FlowSchemaCondition lastTransitionTime:@Time
FlowSchemaList metadata:{}
FlowSchemaSpec matchingPrecedence:0 priorityLevelConfiguration:{} rules:atomic
FlowSchemaStatus conditions:map(type),patch(merge type)
GroupSubject name:0
LimitResponse type:0
LimitedPriorityLevelConfiguration borrowingLimitPercent:* lendablePercent:* limitResponse:{} nominalConcurrencyShares:*
NonResourcePolicyRule nonResourceURLs:set verbs:set
PolicyRulesWithSubjects nonResourceRules:atomic resourceRules:atomic subjects:atomic
PriorityLevelConfiguration metadata:{} spec:{} status:{}
PriorityLevelConfigurationCondition lastTransitionTime:@Time
PriorityLevelConfigurationList metadata:{}
PriorityLevelConfigurationReference name:0
PriorityLevelConfigurationSpec type:0
PriorityLevelConfigurationStatus conditions:map(type),patch(merge type)
QueuingConfiguration handSize:0 queueLengthLimit:0 queues:0
ResourcePolicyRule apiGroups:set namespaces:set resources:set verbs:set
ServiceAccountSubject name:0 namespace:0
Subject kind:0
UserSubject name:0
`;
