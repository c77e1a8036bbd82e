/** Facts about the types of apps, batch, autoscaling and policy. The notation is told in `../facts.ts`. */
export const WORKLOADS_FACTS = `
# io.k8s.api.apps.v1
ControllerRevision data:@RawExtension metadata:{} revision:0
ControllerRevisionList metadata:{}
DaemonSet metadata:{} spec:{} status:{}
DaemonSetCondition lastTransitionTime:@Time status:0 type:0
DaemonSetList metadata:{}
DaemonSetSpec revisionHistoryLimit:* template:{} updateStrategy:{}
DaemonSetStatus collisionCount:* conditions:map(type),patch(merge type) currentNumberScheduled:0 desiredNumberScheduled:0 numberMisscheduled:0 numberReady:0
DaemonSetUpdateStrategy type:enum(OnDelete|RollingUpdate)
Deployment metadata:{} spec:{} status:{}
DeploymentCondition lastTransitionTime:@Time lastUpdateTime:@Time status:0 type:0
DeploymentList metadata:{}
DeploymentSpec progressDeadlineSeconds:* replicas:* revisionHistoryLimit:* strategy:{},patch(retainKeys) template:{}
DeploymentStatus collisionCount:* conditions:map(type),patch(merge type) terminatingReplicas:*
DeploymentStrategy type:enum(Recreate|RollingUpdate)
ReplicaSet metadata:{} spec:{} status:{}
ReplicaSetCondition lastTransitionTime:@Time status:0 type:0
ReplicaSetList metadata:{}
ReplicaSetSpec replicas:* template:{}
ReplicaSetStatus conditions:map(type),patch(merge type) replicas:0 terminatingReplicas:*
RollingUpdateDaemonSet maxSurge:@IntOrString maxUnavailable:@IntOrString
RollingUpdateDeployment maxSurge:@IntOrString maxUnavailable:@IntOrString
RollingUpdateStatefulSetStrategy maxUnavailable:@IntOrString partition:*
StatefulSet metadata:{} spec:{} status:{}
StatefulSetCondition lastTransitionTime:@Time status:0 type:0
StatefulSetList metadata:{}
StatefulSetOrdinals start:0
StatefulSetPersistentVolumeClaimRetentionPolicy
StatefulSetSpec podManagementPolicy:enum(OrderedReady|Parallel) replicas:* revisionHistoryLimit:* serviceName:0 template:{} updateStrategy:{} volumeClaimTemplates:atomic
StatefulSetStatus availableReplicas:0 collisionCount:* conditions:map(type),patch(merge type) replicas:0
StatefulSetUpdateStrategy type:enum(OnDelete|RollingUpdate)
# io.k8s.api.batch.v1
CronJob metadata:{} spec:{} status:{}
CronJobList metadata:{}
CronJobSpec concurrencyPolicy:enum(Allow|Forbid|Replace) failedJobsHistoryLimit:* jobTemplate:{} schedule:0 startingDeadlineSeconds:* successfulJobsHistoryLimit:* suspend:* timeZone:*
CronJobStatus active:atomic lastScheduleTime:@Time lastSuccessfulTime:@Time
Job metadata:{} spec:{} status:{}
JobCondition lastProbeTime:@Time lastTransitionTime:@Time status:0 type:0
JobList metadata:{}
JobSpec activeDeadlineSeconds:* backoffLimit:* backoffLimitPerIndex:* completionMode:*,enum(Indexed|NonIndexed) completions:* managedBy:* manualSelector:* maxFailedIndexes:* parallelism:* podReplacementPolicy:*,enum(Failed|TerminatingOrFailed) suspend:* template:{} ttlSecondsAfterFinished:*
JobStatus completionTime:@Time conditions:atomic,patch(merge type) failedIndexes:* ready:* startTime:@Time terminating:*
JobTemplateSpec metadata:{} spec:{}
PodFailurePolicy rules:atomic
PodFailurePolicyOnExitCodesRequirement containerName:* operator:0,enum(In|NotIn) values:set
PodFailurePolicyOnPodConditionsPattern status:0 type:0
PodFailurePolicyRule action:0,enum(Count|FailIndex|FailJob|Ignore) onPodConditions:atomic
SuccessPolicy rules:atomic
SuccessPolicyRule succeededCount:* succeededIndexes:*
UncountedTerminatedPods failed:set succeeded:set
# io.k8s.api.autoscaling.v1
CrossVersionObjectReference! kind:0 name:0
HorizontalPodAutoscaler metadata:{} spec:{} status:{}
HorizontalPodAutoscalerList metadata:{}
HorizontalPodAutoscalerSpec maxReplicas:0 minReplicas:* scaleTargetRef:{} targetCPUUtilizationPercentage:*
HorizontalPodAutoscalerStatus currentCPUUtilizationPercentage:* currentReplicas:0 desiredReplicas:0 lastScaleTime:@Time observedGeneration:*
Scale metadata:{} spec:{} status:{}
ScaleSpec
ScaleStatus replicas:0
# io.k8s.api.autoscaling.v2
ContainerResourceMetricSource container:0 name:0 target:{}
ContainerResourceMetricStatus container:0 current:{} name:0
CrossVersionObjectReference kind:0 name:0
ExternalMetricSource metric:{} target:{}
ExternalMetricStatus current:{} metric:{}
HPAScalingPolicy periodSeconds:0 type:0 value:0
HPAScalingRules policies:atomic selectPolicy:* stabilizationWindowSeconds:*
HorizontalPodAutoscaler metadata:{} spec:{} status:{}
HorizontalPodAutoscalerBehavior
HorizontalPodAutoscalerCondition lastTransitionTime:@Time status:0 type:0
HorizontalPodAutoscalerList metadata:{}
HorizontalPodAutoscalerSpec maxReplicas:0 metrics:atomic minReplicas:* scaleTargetRef:{}
HorizontalPodAutoscalerStatus conditions:map(type),patch(merge type) currentMetrics:atomic desiredReplicas:0 lastScaleTime:@Time observedGeneration:*
MetricIdentifier name:0
MetricSpec type:0
MetricStatus type:0
MetricTarget averageUtilization:* averageValue:@Quantity type:0 value:@Quantity
MetricValueStatus averageUtilization:* averageValue:@Quantity value:@Quantity
ObjectMetricSource describedObject:{} metric:{} target:{}
ObjectMetricStatus current:{} describedObject:{} metric:{}
PodsMetricSource metric:{} target:{}
PodsMetricStatus current:{} metric:{}
ResourceMetricSource name:0 target:{}
ResourceMetricStatus current:{} name:0
# io.k8s.api.policy.v1
Eviction metadata:{}
PodDisruptionBudget metadata:{} spec:{} status:{}
PodDisruptionBudgetList metadata:{}
PodDisruptionBudgetSpec maxUnavailable:@IntOrString minAvailable:@IntOrString selector:patch(replace) unhealthyPodEvictionPolicy:*,enum(AlwaysAllow|IfHealthyBudget)
PodDisruptionBudgetStatus conditions:map(type),patch(merge type) currentHealthy:0 desiredHealthy:0 disruptedPods:@Time disruptionsAllowed:0 expectedPods:0
`;
