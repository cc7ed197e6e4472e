/** What may be in the way at `x` of a module that writes a file: shell for the case's folder. */
export const BEFORE_A_FILE = {
  nothing: ':',
  same: "printf 'hello\\n' >x",
  other: "printf 'other\\n' >x; chmod 640 x; chown 1:2 x",
  readOnly: "printf 'other\\n' >x; chmod 400 x",
  folder: 'mkdir x',
  link: "printf 'other\\n' >y; ln -s y x",
  dangling: 'ln -s nowhere x',
  hard: "printf 'other\\n' >y; ln y x",
} as const;

/** The file `f` of a module that edits. */
export const BEFORE_AN_EDIT = {
  servers: "printf 'server=1\\n# end\\nport 80\\nport 81\\nlast' >f",
  ended: "printf 'server=1\\nport 80\\n' >f; chmod 604 f; chown 1:2 f",
  empty: ': >f',
  nothing: ':',
  folder: 'mkdir f',
  link: "printf 'port\\n' >y; ln -s y f",
  windows: "printf 'server=1\\r\\nport 80\\r\\n' >f",
  bytes: "printf 'port \\377\\nserver\\303\\251\\n' >f",
} as const;
