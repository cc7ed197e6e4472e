/** The parts of an address as Python's urlsplit finds them; those that are missing are empty. */
export function splitUrl(given: string) {
  const url = given.replace(/^[\0-\x20]+/, '').replaceAll(/[\t\r\n]/g, '');
  const [, scheme = '', netloc = '', path = '', search = '', fragment = ''] =
    /^(?:([a-zA-Z][\w+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(url) ?? [];
  return { scheme: scheme.toLowerCase(), netloc, path, search, fragment };
}
