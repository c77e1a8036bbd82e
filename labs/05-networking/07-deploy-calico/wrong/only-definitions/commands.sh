sed '/^kind: DaemonSet$/,$d' calico.yaml | sed '$d' | kubectl apply -f -
