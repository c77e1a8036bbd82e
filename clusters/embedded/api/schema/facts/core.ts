/** Facts about the types of the core group. The notation is told in `../facts.ts`. */
export const CORE_FACTS = `
# io.k8s.api.core.v1
AWSElasticBlockStoreVolumeSource volumeID:0
Affinity
AppArmorProfile localhostProfile:* type:0,enum(Localhost|RuntimeDefault|Unconfined)
AttachedVolume devicePath:0 name:0
AzureDiskVolumeSource cachingMode:*,=ReadWrite,enum(None|ReadOnly|ReadWrite) diskName:0 diskURI:0 fsType:*,=ext4 kind:*,=Shared,enum(Dedicated|Managed|Shared) readOnly:*,0
AzureFilePersistentVolumeSource secretName:0 secretNamespace:* shareName:0
AzureFileVolumeSource secretName:0 shareName:0
Binding metadata:{} target:{}
CSIPersistentVolumeSource driver:0 volumeHandle:0
CSIVolumeSource driver:0 fsType:* readOnly:*
Capabilities add:atomic drop:atomic
CephFSPersistentVolumeSource monitors:atomic
CephFSVolumeSource monitors:atomic
CinderPersistentVolumeSource volumeID:0
CinderVolumeSource volumeID:0
ClientIPConfig timeoutSeconds:*
ClusterTrustBundleProjection name:* optional:* path:0 signerName:*
ComponentCondition status:0 type:0
ComponentStatus conditions:map(type),patch(merge type) metadata:{}
ComponentStatusList metadata:{}
ConfigMap immutable:* metadata:{}
ConfigMapEnvSource name:0 optional:*
ConfigMapKeySelector! key:0 name:0 optional:*
ConfigMapList metadata:{}
ConfigMapNodeConfigSource kubeletConfigKey:0 name:0 namespace:0
ConfigMapProjection items:atomic name:0 optional:*
ConfigMapVolumeSource defaultMode:* items:atomic name:0 optional:*
Container args:atomic command:atomic env:map(name),patch(merge name) envFrom:atomic imagePullPolicy:enum(Always|IfNotPresent|Never) name:0 ports:map(containerPort protocol),patch(merge containerPort) resizePolicy:atomic resources:{} restartPolicy:* terminationMessagePolicy:enum(FallbackToLogsOnError|File) volumeDevices:map(devicePath),patch(merge devicePath) volumeMounts:map(mountPath),patch(merge mountPath)
ContainerImage names:atomic
ContainerPort containerPort:0 protocol:=TCP,enum(SCTP|TCP|UDP)
ContainerResizePolicy resourceName:0 restartPolicy:0
ContainerState
ContainerStateRunning startedAt:@Time
ContainerStateTerminated exitCode:0 finishedAt:@Time startedAt:@Time
ContainerStateWaiting
ContainerStatus allocatedResources:@Quantity allocatedResourcesStatus:map(name),patch(merge name) image:0 imageID:0 lastState:{} name:0 ready:0 restartCount:0 started:* state:{} volumeMounts:map(mountPath),patch(merge mountPath) stopSignal:*
ContainerUser
DaemonEndpoint Port:0
DownwardAPIProjection items:atomic
DownwardAPIVolumeFile mode:* path:0
DownwardAPIVolumeSource defaultMode:* items:atomic
EmptyDirVolumeSource sizeLimit:@Quantity
EndpointAddress! ip:0 nodeName:*
EndpointPort! appProtocol:* port:0 protocol:enum(SCTP|TCP|UDP)
EndpointSubset addresses:atomic notReadyAddresses:atomic ports:atomic
Endpoints metadata:{} subsets:atomic
EndpointsList metadata:{}
EnvFromSource
EnvVar name:0
EnvVarSource
EphemeralContainer args:atomic command:atomic env:map(name),patch(merge name) envFrom:atomic imagePullPolicy:enum(Always|IfNotPresent|Never) name:0 ports:map(containerPort protocol),patch(merge containerPort) resizePolicy:atomic resources:{} restartPolicy:* terminationMessagePolicy:enum(FallbackToLogsOnError|File) volumeDevices:map(devicePath),patch(merge devicePath) volumeMounts:map(mountPath),patch(merge mountPath)
EphemeralVolumeSource
Event eventTime:@MicroTime firstTimestamp:@Time involvedObject:{} lastTimestamp:@Time metadata:{} reportingComponent:0 reportingInstance:0 source:{}
EventList metadata:{}
EventSeries lastObservedTime:@MicroTime
EventSource
ExecAction command:atomic
FCVolumeSource lun:* targetWWNs:atomic wwids:atomic
FlexPersistentVolumeSource driver:0
FlexVolumeSource driver:0
FlockerVolumeSource
GCEPersistentDiskVolumeSource pdName:0
GRPCAction port:0 service:*,0
GitRepoVolumeSource repository:0
GlusterfsPersistentVolumeSource endpoints:0 endpointsNamespace:* path:0
GlusterfsVolumeSource endpoints:0 path:0
HTTPGetAction httpHeaders:atomic port:@IntOrString scheme:enum(HTTP|HTTPS)
HTTPHeader name:0 value:0
HostAlias hostnames:atomic ip:0
HostIP ip:0
HostPathVolumeSource path:0 type:*,enum(|BlockDevice|CharDevice|Directory|DirectoryOrCreate|File|FileOrCreate|Socket)
ISCSIPersistentVolumeSource initiatorName:* iqn:0 iscsiInterface:=default lun:0 portals:atomic targetPortal:0
ISCSIVolumeSource initiatorName:* iqn:0 iscsiInterface:=default lun:0 portals:atomic targetPortal:0
ImageVolumeSource pullPolicy:enum(Always|IfNotPresent|Never)
KeyToPath key:0 mode:* path:0
Lifecycle stopSignal:*
LifecycleHandler
LimitRange metadata:{} spec:{}
LimitRangeItem default:@Quantity defaultRequest:@Quantity max:@Quantity maxLimitRequestRatio:@Quantity min:@Quantity type:0
LimitRangeList metadata:{}
LimitRangeSpec limits:atomic
LinuxContainerUser gid:0 supplementalGroups:atomic uid:0
LoadBalancerIngress ipMode:* ports:atomic
LoadBalancerStatus ingress:atomic
LocalObjectReference! name:0
LocalVolumeSource fsType:* path:0
ModifyVolumeStatus status:0,enum(InProgress|Infeasible|Pending)
NFSVolumeSource path:0 server:0
Namespace metadata:{} spec:{} status:{}
NamespaceCondition lastTransitionTime:@Time status:0 type:0
NamespaceList metadata:{}
NamespaceSpec finalizers:atomic
NamespaceStatus conditions:map(type),patch(merge type) phase:enum(Active|Terminating)
Node metadata:{} spec:{} status:{}
NodeAddress address:0 type:0
NodeAffinity preferredDuringSchedulingIgnoredDuringExecution:atomic
NodeCondition lastHeartbeatTime:@Time lastTransitionTime:@Time status:0 type:0
NodeConfigSource
NodeConfigStatus
NodeDaemonEndpoints kubeletEndpoint:{}
NodeFeatures supplementalGroupsPolicy:*
NodeList metadata:{}
NodeRuntimeHandler name:0
NodeRuntimeHandlerFeatures recursiveReadOnlyMounts:* userNamespaces:*
NodeSelector! nodeSelectorTerms:atomic
NodeSelectorRequirement key:0 operator:0,enum(DoesNotExist|Exists|Gt|In|Lt|NotIn) values:atomic
NodeSelectorTerm! matchExpressions:atomic matchFields:atomic
NodeSpec podCIDRs:set,patch(merge) taints:atomic
NodeStatus addresses:map(type),patch(merge type) allocatable:@Quantity capacity:@Quantity conditions:map(type),patch(merge type) daemonEndpoints:{} images:atomic nodeInfo:{} phase:enum(Pending|Running|Terminated) runtimeHandlers:atomic volumesAttached:atomic volumesInUse:atomic
NodeSystemInfo architecture:0 bootID:0 containerRuntimeVersion:0 kernelVersion:0 kubeProxyVersion:0 kubeletVersion:0 machineID:0 operatingSystem:0 osImage:0 systemUUID:0
ObjectFieldSelector! fieldPath:0
ObjectReference!
PersistentVolume metadata:{} spec:{} status:{}
PersistentVolumeClaim metadata:{} spec:{} status:{}
PersistentVolumeClaimCondition lastProbeTime:@Time lastTransitionTime:@Time status:0 type:0
PersistentVolumeClaimList metadata:{}
PersistentVolumeClaimSpec accessModes:atomic,enum(ReadOnlyMany|ReadWriteMany|ReadWriteOnce|ReadWriteOncePod) resources:{} storageClassName:* volumeAttributesClassName:* volumeMode:*,enum(Block|Filesystem)
PersistentVolumeClaimStatus accessModes:atomic,enum(ReadOnlyMany|ReadWriteMany|ReadWriteOnce|ReadWriteOncePod) allocatedResourceStatuses:enum(ControllerResizeInProgress|ControllerResizeInfeasible|NodeResizeInProgress|NodeResizeInfeasible|NodeResizePending) allocatedResources:@Quantity capacity:@Quantity conditions:map(type),patch(merge type) currentVolumeAttributesClassName:* phase:enum(Bound|Lost|Pending)
PersistentVolumeClaimTemplate metadata:{} spec:{}
PersistentVolumeClaimVolumeSource claimName:0
PersistentVolumeList metadata:{}
PersistentVolumeSpec accessModes:atomic,enum(ReadOnlyMany|ReadWriteMany|ReadWriteOnce|ReadWriteOncePod) capacity:@Quantity mountOptions:atomic persistentVolumeReclaimPolicy:enum(Delete|Recycle|Retain) volumeAttributesClassName:* volumeMode:*,enum(Block|Filesystem)
PersistentVolumeStatus lastPhaseTransitionTime:@Time phase:enum(Available|Bound|Failed|Pending|Released)
PhotonPersistentDiskVolumeSource pdID:0
Pod metadata:{} spec:{} status:{}
PodAffinity preferredDuringSchedulingIgnoredDuringExecution:atomic requiredDuringSchedulingIgnoredDuringExecution:atomic
PodAffinityTerm matchLabelKeys:atomic mismatchLabelKeys:atomic namespaces:atomic topologyKey:0
PodAntiAffinity preferredDuringSchedulingIgnoredDuringExecution:atomic requiredDuringSchedulingIgnoredDuringExecution:atomic
PodCondition lastProbeTime:@Time lastTransitionTime:@Time status:0 type:0
PodDNSConfig nameservers:atomic options:atomic searches:atomic
PodDNSConfigOption value:*
PodIP ip:0
PodList metadata:{}
PodOS name:0
PodReadinessGate conditionType:0
PodResourceClaim name:0 resourceClaimName:* resourceClaimTemplateName:*
PodResourceClaimStatus name:0 resourceClaimName:*
PodSchedulingGate name:0
PodSecurityContext fsGroup:* fsGroupChangePolicy:*,enum(Always|OnRootMismatch) runAsGroup:* runAsNonRoot:* runAsUser:* seLinuxChangePolicy:* supplementalGroups:atomic supplementalGroupsPolicy:*,enum(Merge|Strict) sysctls:atomic
PodSpec activeDeadlineSeconds:* automountServiceAccountToken:* containers:map(name),patch(merge name) dnsPolicy:enum(ClusterFirst|ClusterFirstWithHostNet|Default|None) enableServiceLinks:* ephemeralContainers:map(name),patch(merge name) hostAliases:map(ip),patch(merge ip) hostUsers:* imagePullSecrets:map(name),patch(merge name) initContainers:map(name),patch(merge name) nodeSelector:whole overhead:@Quantity preemptionPolicy:*,enum(Never|PreemptLowerPriority) priority:* readinessGates:atomic resourceClaims:map(name),patch(merge,retainKeys name) restartPolicy:enum(Always|Never|OnFailure) runtimeClassName:* schedulingGates:map(name),patch(merge name) setHostnameAsFQDN:* shareProcessNamespace:* terminationGracePeriodSeconds:* tolerations:atomic topologySpreadConstraints:map(topologyKey whenUnsatisfiable),patch(merge topologyKey) volumes:map(name),patch(merge,retainKeys name) hostnameOverride:*
PodStatus conditions:map(type),patch(merge type) containerStatuses:atomic ephemeralContainerStatuses:atomic hostIPs:atomic,patch(merge ip) initContainerStatuses:atomic phase:enum(Failed|Pending|Running|Succeeded|Unknown) podIPs:map(ip),patch(merge ip) qosClass:enum(BestEffort|Burstable|Guaranteed) resourceClaimStatuses:map(name),patch(merge,retainKeys name) startTime:@Time
PodTemplate metadata:{} template:{}
PodTemplateList metadata:{}
PodTemplateSpec metadata:{} spec:{}
PortStatus error:* port:0 protocol:0,enum(SCTP|TCP|UDP)
PortworxVolumeSource volumeID:0
PreferredSchedulingTerm preference:{} weight:0
Probe terminationGracePeriodSeconds:*
ProjectedVolumeSource defaultMode:* sources:atomic
QuobyteVolumeSource registry:0 volume:0
RBDPersistentVolumeSource image:0 keyring:=/etc/ceph/keyring monitors:atomic pool:=rbd user:=admin
RBDVolumeSource image:0 keyring:=/etc/ceph/keyring monitors:atomic pool:=rbd user:=admin
ReplicationController metadata:{} spec:{} status:{}
ReplicationControllerCondition lastTransitionTime:@Time status:0 type:0
ReplicationControllerList metadata:{}
ReplicationControllerSpec replicas:* selector:whole
ReplicationControllerStatus conditions:map(type),patch(merge type) replicas:0
ResourceClaim name:0
ResourceFieldSelector! divisor:=0,@Quantity resource:0
ResourceHealth resourceID:0
ResourceQuota metadata:{} spec:{} status:{}
ResourceQuotaList metadata:{}
ResourceQuotaSpec hard:@Quantity scopes:atomic,enum(BestEffort|CrossNamespacePodAffinity|NotBestEffort|NotTerminating|PriorityClass|Terminating)
ResourceQuotaStatus hard:@Quantity used:@Quantity
ResourceRequirements claims:map(name) limits:@Quantity requests:@Quantity
ResourceStatus name:0 resources:map(resourceID)
SELinuxOptions
ScaleIOPersistentVolumeSource fsType:=xfs gateway:0 storageMode:=ThinProvisioned system:0
ScaleIOVolumeSource fsType:=xfs gateway:0 storageMode:=ThinProvisioned system:0
ScopeSelector! matchExpressions:atomic
ScopedResourceSelectorRequirement operator:0,enum(DoesNotExist|Exists|In|NotIn) scopeName:0,enum(BestEffort|CrossNamespacePodAffinity|NotBestEffort|NotTerminating|PriorityClass|Terminating) values:atomic
SeccompProfile localhostProfile:* type:0,enum(Localhost|RuntimeDefault|Unconfined)
Secret immutable:* metadata:{}
SecretEnvSource name:0 optional:*
SecretKeySelector! key:0 name:0 optional:*
SecretList metadata:{}
SecretProjection items:atomic name:0 optional:*
SecretReference!
SecretVolumeSource defaultMode:* items:atomic optional:*
SecurityContext allowPrivilegeEscalation:* privileged:* procMount:*,enum(Default|Unmasked) readOnlyRootFilesystem:* runAsGroup:* runAsNonRoot:* runAsUser:*
Service metadata:{} spec:{} status:{}
ServiceAccount automountServiceAccountToken:* imagePullSecrets:atomic metadata:{} secrets:map(name),patch(merge name)
ServiceAccountList metadata:{}
ServiceAccountTokenProjection expirationSeconds:* path:0
ServiceList metadata:{}
ServicePort appProtocol:* port:0 protocol:=TCP,enum(SCTP|TCP|UDP) targetPort:@IntOrString
ServiceSpec allocateLoadBalancerNodePorts:* clusterIPs:atomic externalIPs:atomic externalTrafficPolicy:enum(Cluster|Local) internalTrafficPolicy:*,enum(Cluster|Local) ipFamilies:atomic,enum(|IPv4|IPv6) ipFamilyPolicy:*,enum(PreferDualStack|RequireDualStack|SingleStack) loadBalancerClass:* loadBalancerSourceRanges:atomic ports:map(port protocol),patch(merge port) selector:whole sessionAffinity:enum(ClientIP|None) trafficDistribution:* type:enum(ClusterIP|ExternalName|LoadBalancer|NodePort)
ServiceStatus conditions:map(type),patch(merge type) loadBalancer:{}
SessionAffinityConfig
SleepAction seconds:0
StorageOSPersistentVolumeSource
StorageOSVolumeSource
Sysctl name:0 value:0
TCPSocketAction port:@IntOrString
Taint effect:0,enum(NoExecute|NoSchedule|PreferNoSchedule) key:0 timeAdded:@Time
Toleration effect:enum(NoExecute|NoSchedule|PreferNoSchedule) operator:enum(Equal|Exists) tolerationSeconds:*
TopologySelectorLabelRequirement key:0 values:atomic
TopologySelectorTerm! matchLabelExpressions:atomic
TopologySpreadConstraint matchLabelKeys:atomic maxSkew:0 minDomains:* nodeAffinityPolicy:*,enum(Honor|Ignore) nodeTaintsPolicy:*,enum(Honor|Ignore) topologyKey:0 whenUnsatisfiable:0,enum(DoNotSchedule|ScheduleAnyway)
TypedLocalObjectReference! apiGroup:* kind:0 name:0
TypedObjectReference apiGroup:* kind:0 name:0 namespace:*
Volume name:0
VolumeDevice devicePath:0 name:0
VolumeMount mountPath:0 mountPropagation:*,enum(Bidirectional|HostToContainer|None) name:0 recursiveReadOnly:*
VolumeMountStatus mountPath:0 name:0 recursiveReadOnly:*
VolumeNodeAffinity
VolumeProjection
VolumeResourceRequirements limits:@Quantity requests:@Quantity
VsphereVirtualDiskVolumeSource volumePath:0
WeightedPodAffinityTerm podAffinityTerm:{} weight:0
WindowsSecurityContextOptions gmsaCredentialSpec:* gmsaCredentialSpecName:* hostProcess:* runAsUserName:*
`;
