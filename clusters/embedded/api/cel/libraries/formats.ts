import { Optional } from '@marcbachmann/cel-js';
import type { Environment } from '@marcbachmann/cel-js';
import {
  asPrefix,
  dns1035Label,
  dnsLabel,
  dnsSubdomain,
  labelValue,
  qualifiedName,
} from '../../kinds/names.js';
import type { NameCheck } from '../../kinds/names.js';

class FormatFunctions {
  readonly library = 'format';
}

class NamedFormat {
  readonly check: NameCheck;

  constructor(check: NameCheck) {
    this.check = check;
  }
}

const FORMATS: Readonly<Record<string, NameCheck>> = {
  dns1123Label: dnsLabel,
  dns1123LabelPrefix: asPrefix(dnsLabel),
  dns1123Subdomain: dnsSubdomain,
  dns1123SubdomainPrefix: asPrefix(dnsSubdomain),
  dns1035Label,
  dns1035LabelPrefix: asPrefix(dns1035Label),
  qualifiedName,
  labelValue,
  uuid: matching(
    /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i,
    'does not match the UUID format',
  ),
  byte: matching(/^(?:[\w+/-]{4})*(?:[\w+/-]{2}==|[\w+/-]{3}=)?$/, 'invalid base64'),
  date: matching(/^\d{4}-\d\d-\d\d$/, 'invalid date'),
  datetime: matching(/^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d/, 'invalid datetime'),
  uri: (text) => (URL.canParse(text) || text.startsWith('/') ? [] : ['invalid URI']),
};

/** `!format.dns1123Label().validate(self).hasValue()`. */
export function addFormats(env: Environment): void {
  env.registerType('FormatFunctions', { ctor: FormatFunctions, fields: {} });
  env.registerType('NamedFormat', { ctor: NamedFormat, fields: {} });
  env.registerConstant('format', 'FormatFunctions', new FormatFunctions());
  for (const [name, check] of Object.entries(FORMATS)) {
    env.registerFunction(`FormatFunctions.${name}(): NamedFormat`, () => new NamedFormat(check));
  }
  env.registerFunction(
    'FormatFunctions.named(string): optional<NamedFormat>',
    (_: FormatFunctions, name: string) => {
      const check = Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined;
      return check === undefined ? Optional.none() : Optional.of(new NamedFormat(check));
    },
  );
  env.registerFunction(
    'NamedFormat.validate(string): optional<list<string>>',
    ({ check }: NamedFormat, text: string) => {
      const faults = check(text);
      return faults.length === 0 ? Optional.none() : Optional.of(faults);
    },
  );
}

function matching(pattern: RegExp, fault: string): NameCheck {
  return (text) => (pattern.test(text) ? [] : [fault]);
}
