kubectl apply -f deny-egress.yaml
