/** Deliberate faults in the evaluator and the compiler: by file of `policy/`, what stands there and what is put in its place. */
export const FAULTS: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  'label-predicate.ts': [
    ['return !matchesLabels(predicate.of, facts)', 'return matchesLabels(predicate.of, facts)'],
    ['predicate.of.every((part) => matchesLabels', 'predicate.of.some((part) => matchesLabels'],
    ['predicate.of.some((part) => matchesLabels', 'predicate.of.every((part) => matchesLabels'],
    [
      'value !== undefined && predicate.values.includes(value)',
      'value === undefined || predicate.values.includes(value)',
    ],
    ['?.startsWith(predicate.text) ?? false', '?.startsWith(predicate.text) ?? true'],
    ['?.includes(predicate.text) ?? false', '?.endsWith(predicate.text) ?? false'],
  ],
  'calico/parse-selector.ts': [
    [
      "while (this.#take('||') !== undefined) parts.push(this.#readAnd());",
      "while (this.#take('||') !== undefined) this.#readAnd();",
    ],
    ['return allOf(...parts);', "return { op: 'any', of: parts };"],
    ["kind === '==' ? is : { op: 'not', of: is }", "kind === '==' ? is : is"],
    ["kind === 'in' ? is : { op: 'not', of: is }", "kind === 'in' ? { op: 'not', of: is } : is"],
    ["this.#scope === 'namespace' ? NAMESPACED : EVERYTHING", 'EVERYTHING'],
    [
      "if (key === 'projectcalico.org/namespace') return",
      "if (key === 'projectcalico.org/nam') return",
    ],
    [
      "if (key === 'projectcalico.org/serviceaccount') return",
      "if (key === 'projectcalico.org/sa') return",
    ],
  ],
  'calico/parse-policy.ts': [
    ["types.includes('Egress') }", "types.includes('Ingress') }"],
    ["ingress: has('ingress') || !has('egress')", "ingress: has('ingress')"],
    ["egress: has('egress') };", 'egress: true };'],
    ["typeof order === 'number' ? order : Infinity", "typeof order === 'number' ? order : 0"],
    ["allOf(isKind('pod'), inNamespace(namespace), ...parts)", "allOf(isKind('pod'), ...parts)"],
  ],
  'calico/parse-rule.ts': [
    ["namespace !== '' && !isGiven(ofNamespace) ? [inNamespace(namespace)] : []", '[]'],
    ["(namespace !== '' && isGiven(entity['notSelector']))", 'false'],
    ["['notNets', true]", "['notNets', false]"],
    ["['notPorts', true]", "['notPorts', false]"],
    ["['notProtocol', true]", "['notProtocol', false]"],
    ["['Pass', 'pass']", "['Pass', 'allow']"],
    ["['Log', 'log']", "['Log', 'allow']"],
    ['const last = Number(match[2] ?? match[1]);', 'const last = Number(match[1]);'],
    ["isKind('pod', 'host', 'set')", "isKind('pod')"],
  ],
  'cluster-wide/parse-cluster-policy.ts': [
    ["spec['tier'] === 'Baseline'", "spec['tier'] === 'Admin'"],
    ["typeof priority === 'number' ? priority : 0", "typeof priority === 'number' ? -priority : 0"],
    ["['Accept', 'allow']", "['Accept', 'pass']"],
  ],
  'parse-network-policy.ts': [
    [
      'egress: broken || (Array.isArray(egress) && egress.length > 0)',
      'egress: broken || Array.isArray(egress)',
    ],
    ['const last = endPort ?? port;', 'const last = port;'],
    ["allOf(isKind('pod'), namespaces, pods)", "allOf(isKind('pod'), pods)"],
    ['ranges: subtract(range, cuts)', 'ranges: [range]'],
    ["written['protocol'] ?? 'TCP'", "written['protocol'] ?? 'UDP'"],
    ['const NETWORK_POLICY_ORDER = 1000', 'const NETWORK_POLICY_ORDER = 5'],
  ],
  'read-policies.ts': [
    [
      "{ name: ADMIN_TIER, order: 1000, defaultAction: 'pass' }",
      "{ name: ADMIN_TIER, order: 1000, defaultAction: 'deny' }",
    ],
    ['{ name: BASELINE_TIER, order: 10_000_000,', '{ name: BASELINE_TIER, order: 10,'],
    [
      'compare(a.order, b.order) ||\n  compare(tierName(a), tierName(b))',
      'compare(tierName(a), tierName(b))',
    ],
  ],
  'walk-tiers.ts': [
    ["decisive === undefined && tier.tier.defaultAction === 'deny'", 'decisive === undefined'],
    ["action !== 'log');\n    if", 'true);\n    if'],
  ],
  'match-rule.ts': [
    ['match.first <= port && port <= match.last', 'match.first <= port && port < match.last'],
    ['answers.every((answer) => answer.isPacket', 'answers.some((answer) => answer.isPacket'],
    [
      'PROTOCOL[flow.protocol] === match.protocol &&\n        portsOf(flow, match.side).every((port) => numbers',
      'portsOf(flow, match.side).every((port) => numbers',
    ],
  ],
  'compile-criteria.ts': [
    ["operator: not ? '!= ' : ''", "operator: ''"],
    ["about === 'source' ? 'saddr' : 'daddr'", "about === 'source' ? 'daddr' : 'saddr'"],
    ['const ofSets = hasNetworkSets ?', 'const ofSets = !hasNetworkSets ?'],
    ['first <= previous.last + 1', 'first <= previous.last + 100'],
    ['meta l4proto != ${', 'meta l4proto ${'],
  ],
  'compile-policy.ts': [
    ["return 'counter return';", "return 'counter accept';"],
    ["written.some(({ action }) => action === 'pass')", 'false'],
    ['prefix "${prefix}" drop`', 'prefix "${prefix}" accept`'],
    ["match.side === 'destination' && match.first === match.last", 'true'],
    ["criterion.about !== 'packet' || criterion.not", "criterion.about !== 'packet'"],
    ['keys.includes(undefined) ? undefined', 'keys.length === 0 ? undefined'],
  ],
  'compile-tiers.ts': [
    ["if (tier.defaultAction === 'pass') return rules;", 'return rules;'],
    ['if (i === tiers.length - 1) {', 'if (i >= 0) {'],
  ],
  'policy-run.ts': [
    ["this.#mode === 'union'", "this.#mode !== 'union'"],
    [
      'const name = this.#addChain(',
      'const name = [...this.#chains.groupChains.keys()][0] ?? this.#addChain(',
    ],
  ],
  'compile.ts': [
    [
      'if (pod.node !== node || pod.addresses.length === 0) continue;',
      'if (pod.node === node || pod.addresses.length === 0) continue;',
    ],
    ['name === meaning.name && protocol === meaning.protocol', 'protocol === meaning.protocol'],
  ],
  'decide-host.ts': [
    ["if (failsafe && type === 'local')", "if (type === 'local')"],
    ["(type === 'local' || onForward)", 'true'],
  ],
  'failsafe.ts': [
    ['all?.[direction] ??', ''],
    ['net === undefined ||', 'true ||'],
  ],
  'host-policies.ts': [["defaultAction: 'pass'", "defaultAction: 'deny'"]],
};
