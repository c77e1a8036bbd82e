kubectl run helper -n stock --image=nginx:1.27 --labels=app=helper --port=80
kubectl set selector service door-b -n stock app=helper
kubectl patch service door-b -n stock --type=json -p '[{"op":"replace","path":"/spec/ports/0/targetPort","value":80}]'
kubectl wait pod helper -n stock --for=condition=Ready --timeout=60s
