kubectl run web -n shop --image=nginx:1.27 --labels=app=web --port=80
kubectl expose pod web -n shop --port=80
kubectl run api -n stock --image=nginx:1.27 --labels=app=api --port=80
kubectl expose pod api -n stock --port={{ values.api-port }} --target-port=80
kubectl wait pod -n shop -l app=web --for=condition=Ready --timeout=60s
kubectl wait pod -n stock -l app=api --for=condition=Ready --timeout=60s
