/**
 * How many processes a whole cluster may have before its pods can start no more, and its workstation. The kernel counts
 * them over all pods and the workstation together, so both grow with the pods the nodes take: bubblewrap and the
 * program of each, and one more that it may start. The workstation's lies higher: a fork bomb in a pod leaves the
 * learner a shell to end it from.
 */
export function processLimit(nodes: number, where: 'pod' | 'workstation'): number {
  const inPods = Math.max(LEAST, nodes * PODS_PER_NODE * PROCESSES_PER_POD);
  return where === 'pod' ? inPods : inPods + FOR_SHELLS;
}

export const PODS_PER_NODE = 110;
const PROCESSES_PER_POD = 3;
const LEAST = 1000;
const FOR_SHELLS = 200;
