kubectl apply -f db.yaml
