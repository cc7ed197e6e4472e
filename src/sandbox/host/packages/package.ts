import type { AccountSpec } from '../accounts.js';

/** A file a package brings; `program` names what runs when it is executed. */
export type PackageFile = {
  path: string;
  kind: 'file' | 'config' | 'folder' | 'link';
  /** Content, or where a link points. */
  text?: string;
  mode?: number;
  owner?: string;
  program?: string;
};

export type Package = {
  name: string;
  version: string;
  release: string;
  arch: string;
  repo: string;
  summary: string;
  files: readonly PackageFile[];
  requires?: readonly string[];
  provides?: readonly string[];
  users?: readonly AccountSpec[];
};
