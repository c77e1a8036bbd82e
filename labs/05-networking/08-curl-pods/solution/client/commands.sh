kubectl run client -n lobby --image=curlimages/curl:8.11.1 --labels=app=client --command -- sleep infinity
kubectl wait pod client -n lobby --for=condition=Ready --timeout=60s
kubectl exec -n lobby client -- curl -sS -m 3 http://web.shop
kubectl exec -n lobby client -- curl -sS -m 3 http://api.stock:{{ values.api-port }}
