import { args, bool, choice, int, list, path, raw, text, textDict } from '../arguments.js';
import { fileArgs } from './file-marks.js';

export const uriArguments = args({
  url: text().describe('The address.'),
  method: text().default('GET').describe('The HTTP method.'),
  body: raw().optional().describe('What to send; a dict or list is sent in `body_format`.'),
  body_format: choice('raw', 'json', 'form-urlencoded', 'form-multipart')
    .default('raw')
    .describe('How the body is written.'),
  src: path().optional().describe('A file to send in place of a body.'),
  remote_src: bool().default(false).describe('`src` is a file of the host rather than of the role or playbook.'),
  headers: textDict().optional().describe('Headers of the request.'),
  status_code: list().default(['200']).describe('Status codes that mean success.'),
  return_content: bool().default(false).describe("Put the answer's body into the result as `content`."),
  follow_redirects: choice('all', 'yes', 'true', 'safe', 'none', 'no', 'false', 'urllib2')
    .default('safe')
    .describe('Which redirects are followed; `safe` means those of GET and HEAD.'),
  timeout: int().default(30).describe('Seconds the server may be silent.'),
  url_username: text().optional().describe('User for the server.'),
  url_password: text().optional().describe('Password for the server.'),
  force_basic_auth: bool()
    .default(false)
    .describe('Send user and password with the first request rather than when the server asks for them.'),
  use_gssapi: bool().default(false).describe('Log in with the Kerberos ticket that the host has.'),
  use_netrc: bool().default(true).describe('Take user and password from ~/.netrc of the host when none are given.'),
  validate_certs: bool().default(true).describe('Refuse an address whose certificate is not trusted.'),
  ca_path: path().optional().describe('File of the host with the certificates that are trusted.'),
  client_cert: path().optional().describe('File of the host with the certificate to show.'),
  client_key: path().optional().describe('File of the host with the key of that certificate.'),
  ciphers: list().optional().describe('The TLS ciphers that may be used.'),
  use_proxy: bool().default(true).describe('Use the proxy that the environment names.'),
  unix_socket: path().optional().describe('Socket of the host through which to ask.'),
  http_agent: text().default('ansible-httpget').describe('How the host introduces itself.'),
  unredirected_headers: list().default([]).describe('Names of headers that only the first request has.'),
  decompress: bool().default(true).describe('Unpack an answer that comes compressed.'),
  force: bool().default(false).describe('Accepted and without effect, as in Ansible.'),
  dest: path()
    .optional()
    .describe(
      "File or folder of the host into which the answer's body goes; only what is newer than such a file is asked for.",
    ),
  creates: path().optional().describe('A file or pattern: when it exists, nothing is asked.'),
  removes: path().optional().describe('A file or pattern: when it does not exist, nothing is asked.'),
  ...fileArgs,
});
export type UriArguments = ReturnType<typeof uriArguments.parse>;
