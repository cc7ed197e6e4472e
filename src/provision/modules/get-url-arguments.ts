import { args, bool, int, list, path, text, textDict } from '../arguments.js';
import { fileArgs } from './file-marks.js';

export const getUrlArguments = args({
  url: text().describe('The address.'),
  dest: path().describe('File to write, or a folder for a file named as the address ends.'),
  force: bool().default(false).describe('Download without asking the server whether it has a newer file.'),
  checksum: text().default('').describe('`algorithm:hex` of the file, or `algorithm:address` of a list that has it.'),
  backup: bool().default(false).describe('Keep the old file beside the new one.'),
  headers: textDict().optional().describe('Headers of the request.'),
  timeout: int().default(10).describe('Seconds the server may be silent.'),
  validate_certs: bool().default(true).describe('Refuse an address whose certificate is not trusted.'),
  use_proxy: bool().default(true).describe('Use the proxy that the environment names.'),
  url_username: text().optional().describe('User for the server.'),
  url_password: text().optional().describe('Password for the server.'),
  force_basic_auth: bool()
    .default(false)
    .describe('Send user and password with the first request rather than when the server asks for them.'),
  use_gssapi: bool().default(false).describe('Log in with the Kerberos ticket that the host has; needs curl.'),
  use_netrc: bool().default(true).describe('Take user and password from ~/.netrc of the host when none are given.'),
  client_cert: path().optional().describe('File of the host with the certificate to show; needs curl.'),
  client_key: path().optional().describe('File of the host with the key of that certificate; needs curl.'),
  ciphers: list().optional().describe('The TLS ciphers that may be used; needs curl.'),
  decompress: bool().default(true).describe('Unpack what the server sends packed; without curl it is kept as it is.'),
  unredirected_headers: list().default([]).describe('Names of headers that only the first request has; needs curl.'),
  http_agent: text().default('ansible-httpget').describe('How the host introduces itself.'),
  tmp_dest: path()
    .optional()
    .describe('A folder that must exist, and else without effect: the download lies beside its destination.'),
  follow: bool().default(false).describe('Write through a link at the destination rather than replace it.'),
  ...fileArgs,
});
export type GetUrlArguments = ReturnType<typeof getUrlArguments.parse>;
