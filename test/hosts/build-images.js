// Builds the roots of all kinds of test hosts, so that no test waits for them.
import { bundleTests } from '../support/bundle-tests.js';

await bundleTests(['test/hosts/support/build-images.ts'], 'dist/images');
await import('../../dist/images/build-images.js');
