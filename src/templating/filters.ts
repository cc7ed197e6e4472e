import type { Filter } from '../jinja/filter.js';
import type { ControllerFiles } from './controller-files.js';
import { cryptFilters } from './filters/crypt.js';
import { momentFilters } from './filters/moment.js';
import { dataFilters } from './filters/data.js';
import { legacyTestFilters } from './filters/legacy.js';
import { mathFilters } from './filters/math.js';
import { notationFilters } from './filters/notation.js';
import { pathFilters } from './filters/path.js';
import { queryFilters } from './filters/query.js';
import { regexFilters } from './filters/regex.js';
import { setFilters } from './filters/set.js';
import { textFilters } from './filters/text.js';
import { vaultFilters, type Vaults } from './filters/vault.js';

type Surroundings = {
  files: ControllerFiles;
  environment: Readonly<Record<string, string | undefined>>;
  onDeprecation?: ((message: string) => void) | undefined;
  vaults?: Vaults | undefined;
};

const fixedFilters: Readonly<Record<string, Filter>> = {
  ...dataFilters,
  ...setFilters,
  ...textFilters,
  ...regexFilters,
  ...mathFilters,
  ...notationFilters,
  ...cryptFilters,
  ...momentFilters,
  ...queryFilters,
};

/** The filters of ansible-core 2.14 that Jinja2 does not have itself, and the tests that older playbooks use as filters, in layers. */
export function ansibleFilters({
  files,
  environment,
  onDeprecation,
  vaults,
}: Surroundings): readonly Readonly<Record<string, Filter>>[] {
  return [fixedFilters, pathFilters({ files, environment }), vaultFilters(vaults), legacyTestFilters(onDeprecation)];
}
