import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { baseImage } from './support/base-image.js';
import { requireRootAndPackages } from './support/requirements.js';

test('a Debian root with users and a package repository is there', async () => {
  await requireRootAndPackages();
  const image = await baseImage();
  expect(existsSync(join(image, 'srv/repository/Packages'))).toBe(true);
});
