import { StarsError } from '../../errors.js';
import { quote } from '../../shell/command.js';
import type { Fact } from '../module.js';

/** The exact bytes of a file, through links; undefined when there is no such file. Up to some 700 kB. */
export function fileContent(path: string): Fact<Buffer | undefined> {
  const word = quote(path);
  return {
    script: `if [ -f ${word} ]; then echo file; base64 <${word}; fi`,
    about: path,
    parse({ stdout, stderr, code, truncated }) {
      if (truncated) throw new StarsError('UNSUPPORTED', `${path} is too large to be edited line by line.`);
      if (!stdout.startsWith('file\n')) return undefined;
      if (code !== 0) throw new StarsError('HOSTS_FAILED', `${path} cannot be read: ${stderr.trim()}`);
      return Buffer.from(stdout.slice('file\n'.length), 'base64');
    },
  };
}
