import base from './jest.config.js';

/** Tests against real OpenSSH hosts and real ansible-core: they need root and Debian's packages. */
export default {
  ...base,
  roots: ['<rootDir>/test/hosts'],
  testPathIgnorePatterns: [],
  testTimeout: 600_000,
};
