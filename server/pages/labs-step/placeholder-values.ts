import type { Lab } from '../../../common/lab.js';
import type { Placeholder } from '../../../common/step-text.js';
import type { Settings } from '../../config.js';
import type { User } from '../../identity/roles.js';
import type { LiveLab } from '../../sessions/live-lab.js';

/** What `{{ … }}` in a step's text stands for, for this learner. */
export function placeholderValues(options: {
  lab: Lab;
  user: User;
  live: LiveLab | undefined;
  settings: Settings;
}): Readonly<Record<Placeholder, string>> {
  const { lab, user, live, settings } = options;
  return {
    'learner.name': user.name,
    'learner.home': '/home/learner',
    'cluster.name': live?.clusterName ?? 'your cluster',
    'cluster.nodes': String(lab.definition.needs.nodes),
    'provider.name': settings.provider,
  };
}
