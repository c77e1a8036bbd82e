kubectl apply -f deny-ingress.yaml
