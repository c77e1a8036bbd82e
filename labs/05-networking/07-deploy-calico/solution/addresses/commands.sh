kubectl wait pods -n first --all --for=condition=Ready --timeout=60s
kubectl exec -n first client -- curl -sS -m 2 -o /dev/null -w '%{http_code}\n' http://hello.first
