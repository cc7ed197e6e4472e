// Compiles the kill harness, and what it puts into the processes that it kills, into dist/kill and starts it.
import { bundleTests } from '../support/bundle-tests.js';

const entries = ['kill', 'die-at-commit', 'backups/backups', 'backups/die-at-call'].map(
  (name) => `test/kill/${name}.ts`,
);
await bundleTests(entries, 'dist/kill');
await import(process.argv.includes('--backup') ? '../../dist/kill/backups/backups.js' : '../../dist/kill/kill.js');
