import base from './jest.config.js';

// `npm run test:hosts -- --all` plays every differential case instead of a part.
if (process.argv.includes('--all')) process.env.STARS_TEST_ALL = '1';

/** Tests against real OpenSSH hosts and real ansible-core: they need root and Debian's packages. */
export default {
  ...base,
  roots: ['<rootDir>/test/hosts'],
  testPathIgnorePatterns: [],
  testTimeout: 600_000,
};
