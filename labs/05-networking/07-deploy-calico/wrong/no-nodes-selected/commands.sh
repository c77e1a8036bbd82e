kubectl patch daemonset calico-node -n kube-system -p '{"spec":{"template":{"spec":{"nodeSelector":{"network":"calico"}}}}}'
sleep 1
