/** The files of a new lab, small and complete. `TITLE` becomes the lab's title. */
export const SCAFFOLD_FILES: Readonly<Record<string, string>> = {
  'lab.yaml': `# yaml-language-server: $schema=../../lab.schema.json
# How to write a lab: labs/README.md. What is wrong with this file: scripts/gatehouse lab lint
title: TITLE
summary: What the learner does, in one sentence.
minutes: 15
objectives:
  - What the learner can do afterwards
prerequisites:
  - "\`kubectl get\` and \`kubectl apply\`"
needs:
  nodes: 2
  cni: calico
actors:
  - { name: web, where: shop, role: "the server, port 80" }
  - { name: client, where: shop, role: "may talk to it" }
  - { name: stranger, where: shop, role: "may not, in the end" }
steps:
  - id: close
    title: Let in the client only
    text: steps/1-close.md
    checks:
      - id: stranger-denied
        kind: reachability
        title: The stranger does not reach web
        points: 3
        rationale: Why this matters, in one sentence.
        hints:
          - Where to look. \`kubectl get networkpolicies -n shop\`
          - What to do. Select app=web and list app=client under from.
        rows:
          - { from: "shop/{app=stranger}", to: "shop/{app=web}", port: 80, expect: deny }
      - id: client-allowed
        kind: reachability
        title: The client does
        points: 2
        # Without work the client reaches web as well: this counts only once the stranger is kept out.
        dependsOn: [stranger-denied]
        rationale: Why this matters, in one sentence.
        hints:
          - Where to look.
          - What to do.
        rows:
          - { from: "shop/{app=client}", to: "service:shop/web", port: 80, expect: allow }
      - id: direction
        kind: answer
        title: The direction
        points: 1
        rationale: Why this matters, in one sentence.
        hints:
          - Where to look.
          - What to do.
        question: direction
    questions:
      - id: direction
        type: choice
        prompt: Which direction does this policy close?
        options:
          - { id: ingress, text: Ingress, right: true, explanation: "Right: what comes in to web." }
          - { id: egress, text: Egress, explanation: "That would be what web sends out by itself." }
`,
  'setup/10-shop.yaml': `apiVersion: v1
kind: Namespace
metadata:
  name: shop
---
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
  labels:
    app: web
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: web
      image: nginx:1.27
---
apiVersion: v1
kind: Pod
metadata:
  name: client
  namespace: shop
  labels:
    app: client
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: client
      image: nicolaka/netshoot:v0.13
      command: [sleep, infinity]
---
apiVersion: v1
kind: Pod
metadata:
  name: stranger
  namespace: shop
  labels:
    app: stranger
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: stranger
      image: nicolaka/netshoot:v0.13
      command: [sleep, infinity]
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
spec:
  selector:
    app: web
  ports:
    - port: 80
`,
  'steps/1-close.md': `Say what is there and why it matters, then let the learner look:

\`\`\`run
kubectl get pods -n shop -o wide
\`\`\`

Say what shall be different afterwards, not how.

\`\`\`file path=policy.yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  namespace: shop
spec:
  # whom does it protect, and from whom?
\`\`\`

\`\`\`question id=direction
\`\`\`
`,
  'solution/close/policy.yaml': `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  namespace: shop
spec:
  podSelector: { matchLabels: { app: web } }
  policyTypes: [Ingress]
  ingress:
    - from: [{ podSelector: { matchLabels: { app: client } } }]
`,
  'solution/close/answers.yaml': `direction: ingress
`,
  'wrong/everyone/expect.yaml': `title: An empty rule lets everybody in
step: close
checks:
  - { id: stranger-denied, says: "first ingress rule of shop/web" }
`,
  'wrong/everyone/policy.yaml': `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  namespace: shop
spec:
  podSelector: { matchLabels: { app: web } }
  policyTypes: [Ingress]
  ingress:
    - {}
`,
  'wrong/nobody/expect.yaml': `title: A typing mistake keeps the client out
step: close
checks:
  - { id: client-allowed, says: "none of its rules allows this source" }
`,
  'wrong/nobody/policy.yaml': `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  namespace: shop
spec:
  podSelector: { matchLabels: { app: web } }
  policyTypes: [Ingress]
  ingress:
    - from: [{ podSelector: { matchLabels: { app: cleint } } }]
`,
  'wrong/direction/expect.yaml': `title: The directions mixed up
step: close
checks:
  - { id: direction, says: "what web sends out" }
`,
  'wrong/direction/policy.yaml': `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  namespace: shop
spec:
  podSelector: { matchLabels: { app: web } }
  policyTypes: [Ingress]
  ingress:
    - from: [{ podSelector: { matchLabels: { app: client } } }]
`,
  'wrong/direction/answers.yaml': `direction: egress
`,
};
