/** What a name asks for: `+` comes, `-` goes; the version with its operator, empty when any will do. */
export type ZypperPackage = { sign: '+' | '-'; name: string; version: string };

/** Names as zypper takes them; one without a sign gets this one. */
export function splitPackages(
  names: readonly string[],
  sign: ZypperPackage['sign'],
): { packages: ZypperPackage[]; files: string[] } {
  const isFile = (name: string) => name.includes('://') || name.endsWith('.rpm');
  return {
    packages: names.filter((name) => !isFile(name)).map((name) => splitPackage(name, sign)),
    files: names.filter(isFile),
  };
}

function splitPackage(text: string, usual: ZypperPackage['sign']): ZypperPackage {
  const [, given = '', rest = text] = /^([-~+]?)(.*)$/s.exec(text) ?? [];
  const [, name = rest, version = ''] = /^(.*?)((?:<=|>=|<|>|=)[\d.-]*)?$/s.exec(rest) ?? [];
  return { sign: given === '' ? usual : given === '+' ? '+' : '-', name, version };
}

/** Those of which any version will do. */
export function plainPackages(packages: readonly ZypperPackage[]): ZypperPackage[] {
  return packages.filter(({ version }) => version === '');
}

/** Names of the packages and the like that zypper's XML tells of. */
export function solvablesIn(xml: string): string[] {
  return [...xml.matchAll(/<solvable\b[^>]*?\bname="([^"]*)"/g)].map(([, name = '']) => name);
}
