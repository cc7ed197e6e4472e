// Compiles the bench into dist/bench and starts it.
import { bundleTests } from '../test/support/bundle-tests.js';

await bundleTests(['bench/bench.ts', 'bench/sandbox-run.ts', 'bench/cluster-run.ts'], 'dist/bench');
await import('../dist/bench/bench.js');
