/** Facts about the types of networking and discovery. The notation is told in `../facts.ts`. */
export const NETWORK_FACTS = `
# io.k8s.api.networking.v1
HTTPIngressPath backend:{} pathType:*,enum(Exact|ImplementationSpecific|Prefix)
HTTPIngressRuleValue paths:atomic
IPBlock cidr:0 except:atomic
Ingress metadata:{} spec:{} status:{}
IngressBackend
IngressClass metadata:{} spec:{}
IngressClassList metadata:{}
IngressClassParametersReference apiGroup:* kind:0 name:0 namespace:* scope:*
IngressClassSpec
IngressList metadata:{}
IngressLoadBalancerIngress ports:atomic
IngressLoadBalancerStatus ingress:atomic
IngressPortStatus error:* port:0 protocol:0,enum(SCTP|TCP|UDP)
IngressRule
IngressServiceBackend name:0 port:{}
IngressSpec ingressClassName:* rules:atomic tls:atomic
IngressStatus loadBalancer:{}
IngressTLS hosts:atomic
NetworkPolicy metadata:{} spec:{}
NetworkPolicyEgressRule ports:atomic to:atomic
NetworkPolicyIngressRule from:atomic ports:atomic
NetworkPolicyList metadata:{}
NetworkPolicyPeer
NetworkPolicyPort endPort:* port:@IntOrString protocol:*,enum(SCTP|TCP|UDP)
NetworkPolicySpec egress:atomic ingress:atomic podSelector:{} policyTypes:atomic,enum(Egress|Ingress)
ServiceBackendPort!
# io.k8s.api.discovery.v1
Endpoint addresses:set conditions:{} hostname:* nodeName:* zone:*
EndpointConditions ready:* serving:* terminating:*
EndpointHints forZones:atomic
EndpointPort! appProtocol:* name:* port:* protocol:*,enum(SCTP|TCP|UDP)
EndpointSlice addressType:0,enum(FQDN|IPv4|IPv6) endpoints:atomic metadata:{} ports:atomic
EndpointSliceList metadata:{}
ForZone name:0
`;
