import type { Environment } from '../home/home.js';
import { type Bucket, createBucket } from './bucket.js';

/** The bucket that environment.yml names, with its keys looked up; undefined when it names none. */
export async function bucketOf(environment: Environment, signal: AbortSignal): Promise<Bucket | undefined> {
  const { bucket } = environment.config.backups;
  if (!bucket) return undefined;
  const accessKeyId = await environment.secret(bucket.accessKeyId);
  const secretAccessKey = await environment.secret(bucket.secretAccessKey);
  const config = { ...bucket, accessKeyId, secretAccessKey };
  return createBucket({ config, environment: environment.name, signal });
}
