kubectl apply -f allow-dns.yaml
kubectl exec -n batch-ns worker -- dig +short +time=2 +tries=1 web.dev-ns.svc.cluster.local
