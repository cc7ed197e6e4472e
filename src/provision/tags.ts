/** Whether tasks with these tags run: `always`, `never`, `all`, `tagged` and `untagged` have Ansible's meanings. */
export function selectedByTags(tags: readonly string[], only: readonly string[], skip: readonly string[]): boolean {
  const own = new Set(tags.length === 0 ? ['untagged'] : tags);
  const tagged = tags.length > 0;
  return wanted(own, tagged, only) && !skipped(own, tagged, skip);
}

function wanted(own: ReadonlySet<string>, tagged: boolean, only: readonly string[]): boolean {
  const selected = only.length === 0 ? ['all'] : only;
  if (own.has('always')) return true;
  if (selected.includes('all') && !own.has('never')) return true;
  if (selected.some((tag) => own.has(tag))) return true;
  return selected.includes('tagged') && tagged && !own.has('never');
}

function skipped(own: ReadonlySet<string>, tagged: boolean, skip: readonly string[]): boolean {
  if (skip.includes('all')) return !own.has('always') || skip.includes('always');
  if (skip.some((tag) => own.has(tag))) return true;
  return skip.includes('tagged') && tagged;
}
