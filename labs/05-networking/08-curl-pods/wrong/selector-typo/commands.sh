kubectl run web -n shop --image=nginx:1.27 --labels=app=web --port=80
kubectl run api -n stock --image=nginx:1.27 --labels=app=api --port=80
kubectl expose pod api -n stock --port={{ values.api-port }} --target-port=80
kubectl apply -f web-service.yaml
kubectl wait pod -n shop -l app=web --for=condition=Ready --timeout=60s
