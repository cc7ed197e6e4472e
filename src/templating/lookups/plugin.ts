import type { Value } from '../../jinja/value.js';
import type { ControllerFiles } from '../controller-files.js';
import type { AskOutside } from '../outside-call.js';

export type Options = ReadonlyMap<string, Value>;

export type LookupPlugin = (terms: readonly Value[], options: Options) => Value[];

export type LookupSurroundings = {
  files: ControllerFiles;
  /** A variable, templated; undefined when there is none. */
  variable: (name: string) => Value | undefined;
  variableNames?: (() => Iterable<string>) | undefined;
  hostNames?: ((pattern: readonly string[]) => readonly string[]) | undefined;
  environment?: Readonly<Record<string, string | undefined>> | undefined;
  renderTemplate: (text: string, file: string, locals?: ReadonlyMap<string, Value>) => string;
  /** Runs programs on the machine of Stars; without it they are refused. */
  askOutside?: AskOutside | undefined;
  onDeprecation?: ((message: string) => void) | undefined;
};
