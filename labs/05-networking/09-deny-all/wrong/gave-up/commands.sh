kubectl delete networkpolicy deny-egress -n batch-ns
