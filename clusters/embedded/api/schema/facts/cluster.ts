/** Facts about the types of the small groups. The notation is told in `../facts.ts`. */
export const CLUSTER_FACTS = `
# io.k8s.api.coordination.v1
Lease metadata:{} spec:{}
LeaseList metadata:{}
LeaseSpec acquireTime:@MicroTime holderIdentity:* leaseDurationSeconds:* leaseTransitions:* preferredHolder:* renewTime:@MicroTime strategy:*
# io.k8s.api.events.v1
Event deprecatedFirstTimestamp:@Time deprecatedLastTimestamp:@Time deprecatedSource:{} eventTime:@MicroTime metadata:{} regarding:{}
EventList metadata:{}
EventSeries count:0 lastObservedTime:@MicroTime
# io.k8s.api.node.v1
Overhead podFixed:@Quantity
RuntimeClass handler:0 metadata:{}
RuntimeClassList metadata:{}
Scheduling nodeSelector:whole tolerations:atomic
# io.k8s.api.scheduling.v1
PriorityClass metadata:{} preemptionPolicy:*,enum(Never|PreemptLowerPriority) value:0
PriorityClassList metadata:{}
# io.k8s.api.storage.v1
CSIDriver metadata:{} spec:{}
CSIDriverList metadata:{}
CSIDriverSpec attachRequired:* fsGroupPolicy:* podInfoOnMount:* requiresRepublish:* seLinuxMount:* storageCapacity:* tokenRequests:atomic volumeLifecycleModes:set
CSINode metadata:{} spec:{}
CSINodeDriver name:0 nodeID:0 topologyKeys:atomic
CSINodeList metadata:{}
CSINodeSpec drivers:map(name),patch(merge name)
CSIStorageCapacity capacity:@Quantity maximumVolumeSize:@Quantity metadata:{} storageClassName:0
CSIStorageCapacityList metadata:{}
StorageClass allowVolumeExpansion:* allowedTopologies:atomic metadata:{} mountOptions:atomic provisioner:0 reclaimPolicy:*,enum(Delete|Recycle|Retain) volumeBindingMode:*,enum(Immediate|WaitForFirstConsumer)
StorageClassList metadata:{}
TokenRequest audience:0 expirationSeconds:*
VolumeAttachment metadata:{} spec:{} status:{}
VolumeAttachmentList metadata:{}
VolumeAttachmentSource persistentVolumeName:*
VolumeAttachmentSpec attacher:0 nodeName:0 source:{}
VolumeAttachmentStatus attached:0
VolumeError time:@Time
VolumeNodeResources count:*
`;
