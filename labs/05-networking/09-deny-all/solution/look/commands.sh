kubectl exec -n dev-ns client -- nc -zv -w 2 cache.prod-ns 6379
kubectl get networkpolicies -A
