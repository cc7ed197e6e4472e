import { createHash, type Hash } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ExecResult } from '../connection/connection.js';
import { quote } from '../shell/command.js';
import type { Action } from './module.js';

export type DownloadOptions = { exec(script: string): Promise<ExecResult>; temporary: string };

// As base64 a piece stays below what a script's output may hold.
const PIECE_BYTES = 512 * 1024;
const MOST_BYTES = 4 * 1024 ** 3;

/**
 * Copies a file of the host to this machine, in pieces and under a temporary name until it is whole. Its SHA-1 and MD5 are the
 * output; the exit code is not zero when it cannot be read, is too large, or is not the content that was expected.
 */
export async function downloadFile(
  { path, to, sha1 }: Extract<Action, { kind: 'download' }>,
  { exec, temporary }: DownloadOptions,
): Promise<ExecResult> {
  await mkdir(dirname(to), { recursive: true });
  const hashes = { sha1: createHash('sha1'), md5: createHash('md5') };
  try {
    const problem = await copyPieces(path, temporary, { exec, hashes: Object.values(hashes) });
    if (problem) return problem;
    const found = { sha1: hashes.sha1.digest('hex'), md5: hashes.md5.digest('hex') };
    const stdout = `${found.sha1} ${found.md5}`;
    if (sha1 !== undefined && sha1 !== found.sha1)
      return { code: 1, stdout, stderr: 'checksum mismatch', truncated: false };
    await rename(temporary, to);
    return { code: 0, stdout, stderr: '', truncated: false };
  } finally {
    await rm(temporary, { force: true });
  }
}

async function copyPieces(
  path: string,
  temporary: string,
  { exec, hashes }: Pick<DownloadOptions, 'exec'> & { hashes: Hash[] },
): Promise<ExecResult | undefined> {
  const file = await open(temporary, 'wx', 0o666);
  try {
    for (let at = 0; at < MOST_BYTES; at += PIECE_BYTES) {
      const answer = await exec(`tail -c +${at + 1} ${quote(path)} | head -c ${PIECE_BYTES} | base64`);
      if (answer.code !== 0 || answer.stderr !== '') return { ...answer, code: answer.code || 1 };
      const piece = Buffer.from(answer.stdout, 'base64');
      for (const hash of hashes) hash.update(piece);
      await file.write(piece);
      if (piece.length < PIECE_BYTES) return undefined;
    }
    return { code: 1, stdout: '', stderr: `${path} is larger than 4 GiB.`, truncated: false };
  } finally {
    await file.close();
  }
}
