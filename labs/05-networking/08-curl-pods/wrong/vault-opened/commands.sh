kubectl patch service door-b -n stock --type=json -p '[{"op":"replace","path":"/spec/ports/0/targetPort","value":80}]'
kubectl delete networkpolicy vault-closed -n stock
