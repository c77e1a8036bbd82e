/** A policy or a binding that cannot be carried out as it is written. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly of: 'policy' | 'binding';

  constructor(of: 'policy' | 'binding', message: string) {
    super(message);
    this.of = of;
  }
}
