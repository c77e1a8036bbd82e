/** Facts about the types that the API machinery itself brings. The notation is told in `../facts.ts`. */
export const MACHINERY_FACTS = `
# io.k8s.apimachinery.pkg.apis.meta.v1
APIGroup name:0 preferredVersion:{} serverAddressByClientCIDRs:atomic versions:atomic
APIGroupList groups:atomic
APIResource categories:atomic kind:0 name:0 namespaced:0 shortNames:atomic singularName:0
APIResourceList groupVersion:0 resources:atomic
APIVersions serverAddressByClientCIDRs:atomic versions:atomic
Condition lastTransitionTime:@Time message:0 reason:0 status:0 type:0
DeleteOptions dryRun:atomic gracePeriodSeconds:* ignoreStoreReadErrorWithClusterBreakingPotential:* orphanDependents:* propagationPolicy:*
FieldSelectorRequirement key:0 operator:0 values:atomic
FieldsV1
GroupVersionForDiscovery groupVersion:0 version:0
LabelSelector! matchExpressions:atomic
LabelSelectorRequirement key:0 operator:0 values:atomic
ListMeta remainingItemCount:*
ManagedFieldsEntry fieldsV1:@FieldsV1 time:@Time
MicroTime
ObjectMeta creationTimestamp:@Time deletionGracePeriodSeconds:* deletionTimestamp:@Time finalizers:set,patch(merge) managedFields:atomic ownerReferences:map(uid),patch(merge uid)
OwnerReference! apiVersion:0 blockOwnerDeletion:* controller:* kind:0 name:0 uid:0
Patch
Preconditions resourceVersion:* uid:*
ServerAddressByClientCIDR clientCIDR:0 serverAddress:0
Status details:atomic metadata:{}
StatusCause
StatusDetails causes:atomic
Time
WatchEvent object:@RawExtension type:0
# io.k8s.apimachinery.pkg.api.resource
Quantity
# io.k8s.apimachinery.pkg.runtime
RawExtension
# io.k8s.apimachinery.pkg.util.intstr
IntOrString
# io.k8s.apimachinery.pkg.version
Info buildDate:0 compiler:0 gitCommit:0 gitTreeState:0 gitVersion:0 goVersion:0 major:0 minor:0 platform:0
# io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1
CustomResourceColumnDefinition jsonPath:0 name:0 type:0
CustomResourceConversion strategy:0
CustomResourceDefinition metadata:{} spec:{} status:{}
CustomResourceDefinitionCondition lastTransitionTime:@Time status:0 type:0
CustomResourceDefinitionList metadata:{}
CustomResourceDefinitionNames categories:atomic kind:0 plural:0 shortNames:atomic
CustomResourceDefinitionSpec group:0 names:{} scope:0 versions:atomic
CustomResourceDefinitionStatus acceptedNames:{} conditions:map(type) storedVersions:atomic
CustomResourceDefinitionVersion additionalPrinterColumns:atomic deprecationWarning:* name:0 selectableFields:atomic served:0 storage:0
CustomResourceSubresourceScale labelSelectorPath:* specReplicasPath:0 statusReplicasPath:0
CustomResourceSubresourceStatus
CustomResourceSubresources status:@CustomResourceSubresourceStatus
CustomResourceValidation
ExternalDocumentation
JSON
JSONSchemaProps additionalItems:@JSONSchemaPropsOrBool additionalProperties:@JSONSchemaPropsOrBool allOf:atomic anyOf:atomic default:@JSON dependencies:@JSONSchemaPropsOrStringArray enum:atomic,@JSON example:@JSON items:@JSONSchemaPropsOrArray maxItems:* maxLength:* maxProperties:* maximum:* minItems:* minLength:* minProperties:* minimum:* multipleOf:* oneOf:atomic required:atomic x-kubernetes-list-map-keys:atomic x-kubernetes-list-type:* x-kubernetes-map-type:* x-kubernetes-preserve-unknown-fields:* x-kubernetes-validations:map(rule),patch(merge rule)
JSONSchemaPropsOrArray
JSONSchemaPropsOrBool
JSONSchemaPropsOrStringArray
SelectableField jsonPath:0
ServiceReference name:0 namespace:0 path:* port:*
ValidationRule optionalOldSelf:* reason:*,enum(FieldValueDuplicate|FieldValueForbidden|FieldValueInvalid|FieldValueRequired) rule:0
WebhookClientConfig url:*
WebhookConversion conversionReviewVersions:atomic
# io.k8s.kube-aggregator.pkg.apis.apiregistration.v1
APIService metadata:{} spec:{} status:{}
APIServiceCondition lastTransitionTime:@Time status:0 type:0
APIServiceList metadata:{}
APIServiceSpec caBundle:atomic groupPriorityMinimum:0 versionPriority:0
APIServiceStatus conditions:map(type),patch(merge type)
ServiceReference port:*
`;
