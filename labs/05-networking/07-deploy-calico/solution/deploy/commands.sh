kubectl apply -f ~/calico.yaml
kubectl rollout status daemonset calico-node -n kube-system --timeout=60s
kubectl wait nodes --all --for=condition=Ready --timeout=60s
kubectl rollout status deployment calico-kube-controllers -n kube-system --timeout=60s
