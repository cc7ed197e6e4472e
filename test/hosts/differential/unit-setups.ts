const write = (name: string, lines: readonly string[], folder = '/etc/systemd/system') =>
  `printf '${lines.join('\\n')}\\n' >${folder}/${name}; systemctl daemon-reload`;

const SERVICE = ['[Unit]', 'Description=d', '[Service]', 'ExecStart=/bin/sleep infinity', 'ExecReload=/bin/true'];
const INSTALL = ['[Install]', 'WantedBy=multi-user.target'];
const plain = write('dNNN.service', [...SERVICE, ...INSTALL]);

/** Shell that makes units of a kind and brings them to a state; `NNN` is a number. */
export const UNITS = {
  stopped: plain,
  running: `${plain}; systemctl start dNNN`,
  enabled: `${plain}; systemctl enable -q dNNN`,
  enabledAndRunning: `${plain}; systemctl enable -q --now dNNN`,
  masked: `${write('dNNN.service', [...SERVICE, ...INSTALL], '/usr/lib/systemd/system')}; systemctl mask -q dNNN`,
  maskedAndRunning: `${write('dNNN.service', [...SERVICE, ...INSTALL], '/usr/lib/systemd/system')}; systemctl start dNNN; systemctl mask -q dNNN`,
  noReload: `${write('dNNN.service', ['[Service]', 'ExecStart=/bin/sleep infinity', ...INSTALL])}; systemctl start dNNN`,
  failed: `${write('dNNN.service', ['[Service]', 'ExecStart=/bin/sh -c "test -e /run/dNNN.well && exec sleep infinity"', ...INSTALL])}; systemctl start dNNN; systemctl is-failed dNNN || true; touch /run/dNNN.well`,
  template: write('tNNN@.service', [...SERVICE, ...INSTALL]),
  timer: `${write('tNNN.timer', ['[Timer]', 'OnCalendar=2040-01-01', '[Install]', 'WantedBy=timers.target'])}; ${write('tNNN.service', SERVICE)}`,
  broken: write('dNNN.service', ['[Service]', 'Type=oneshot', 'ExecStart=/bin/false', ...INSTALL]),
  static: write('dNNN.service', SERVICE),
  oneshot: write('dNNN.service', ['[Service]', 'Type=oneshot', 'ExecStart=/bin/true', ...INSTALL]),
  user: write('dNNN.service', [...SERVICE, '[Install]', 'WantedBy=default.target'], '/etc/systemd/user'),
  linked: `${plain}; mkdir -p /etc/systemd/system/multi-user.target.wants; ln -sf /nowhere /etc/systemd/system/multi-user.target.wants/dNNN.service`,
  alias: `${write('dNNN.service', [...SERVICE, ...INSTALL, 'Alias=aliasNNN.service'])}; ln -sf /etc/systemd/system/dNNN.service /etc/systemd/system/aliasNNN.service; systemctl daemon-reload`,
} as const;

/** Those whose unit is `dNNN`, in the states that a task may meet. */
export function units(): Readonly<Record<string, string>> {
  const {
    stopped,
    running,
    enabled,
    enabledAndRunning,
    masked,
    maskedAndRunning,
    noReload,
    failed,
    static: fixed,
  } = UNITS;
  return {
    stopped,
    running,
    enabled,
    enabledAndRunning,
    masked,
    maskedAndRunning,
    noReload,
    failed,
    fixed,
    missing: ':',
  };
}
