import type { SFTPWrapper } from 'ssh2';
import type { Login } from './session.js';

export function serveSftp(sftp: SFTPWrapper, _login: Login): void {
  sftp.end();
}
