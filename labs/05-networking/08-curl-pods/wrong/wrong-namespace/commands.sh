kubectl run web --image=nginx:1.27 --labels=app=web --port=80
kubectl expose pod web --port=80
kubectl run api -n stock --image=nginx:1.27 --labels=app=api --port=80
kubectl expose pod api -n stock --port={{ values.api-port }} --target-port=80
kubectl wait pod -n stock -l app=api --for=condition=Ready --timeout=60s
