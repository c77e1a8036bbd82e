kubectl apply -f db-audit.yaml
