/** What a package argument names: a plain name, a name with a version or operator, a URL or a file on the host. */
export type PackageName =
  | { kind: 'name'; name: string; version?: string | undefined; operator?: '=' | '>=' | undefined }
  | { kind: 'glob'; name: string }
  | { kind: 'file'; name: string };

/** `name`, `name=1.2*`, `name>=1.2` (apt) or `name-1.2` (left as it is for rpm), a path or URL of a package. */
export function parsePackageName(text: string, ends: RegExp): PackageName {
  if (/^[a-z]+:\/\//.test(text) || (text.includes('/') && ends.test(text))) return { kind: 'file', name: text };
  const versioned = /^([^=<>]+)(>=|==?)(.+)$/.exec(text);
  if (versioned) {
    const [, name = '', operator, version] = versioned;
    return { kind: 'name', name: name.trim(), version: version?.trim(), operator: operator === '>=' ? '>=' : '=' };
  }
  return /[*?[]/.test(text) ? { kind: 'glob', name: text } : { kind: 'name', name: text };
}

/** Whether an installed version is the one meant, which may end in `*`. */
export function versionMatches(installed: string | undefined, wanted: string): boolean {
  if (installed === undefined) return false;
  const pattern = wanted
    .split('*')
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join('.*');
  return new RegExp(`^${pattern}$`).test(installed);
}
