kubectl apply -f kube-flannel.yaml
kubectl rollout status daemonset kube-flannel-ds -n kube-flannel --timeout=60s
