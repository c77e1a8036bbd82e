kubectl patch service door-b -n stock --type=json -p '[{"op":"replace","path":"/spec/ports/0/targetPort","value":80}]'
kubectl exec -n lobby client -- curl -sS -m 3 http://door-b.stock
