const SOUNDS_SECRET = '(?:passw|passphrase|pwd|secret|token|credential|(?:api|private|access)[_-]?key)';
const VALUE = String.raw`(?:"(?:[^"\\]|\\.)*"|'[^']*'|["']?[^\s,;}'"]+)`;
const ASSIGNED = String.raw`${SOUNDS_SECRET}[\w.-]{0,64}["']?\s{0,3}[=:]\s{0,3}`;
const BEHIND_FLAG = String.raw`(?<=--[\w-]{0,32})${SOUNDS_SECRET}[\w-]{0,64}\s{1,3}`;
const NAMED = new RegExp(`(${ASSIGNED}|${BEHIND_FLAG})${VALUE}`, 'gi');

/**
 * Words without the values whose names sound secret. What was understood is known to the redactor; in words that were refused a password
 * may stand at any place.
 */
export function withoutNamedSecrets(text: string): string {
  return text.replaceAll(NAMED, '$1[REDACTED]');
}
