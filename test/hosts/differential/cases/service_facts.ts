import type { DifferentialCase } from '../case.js';

export const cases: DifferentialCase[] = [
  { name: 'all services', tasks: '- service_facts:\n' },
  {
    name: 'services of every kind and state',
    setup: `printf '[Service]\\nExecStart=/bin/sleep 999\\n[Install]\\nWantedBy=multi-user.target\\n' >/etc/systemd/system/mine.service
printf '[Service]\\nExecStart=/bin/false\\n' >/etc/systemd/system/broken.service
printf '[Service]\\nExecStart=/bin/sleep infinity\\n' >/etc/systemd/system/many@.service
cp /etc/systemd/system/mine.service /etc/systemd/system/off.service
ln -s /dev/null /etc/systemd/system/hidden.service
printf '#!/bin/sh\\n### BEGIN INIT INFO\\n# Provides: old\\n# Required-Start:\\n# Required-Stop:\\n# Default-Start: 2 3\\n# Default-Stop:\\n### END INIT INFO\\nexit 3\\n' >/etc/init.d/old; chmod +x /etc/init.d/old
systemctl daemon-reload; systemctl enable --now mine many@77; systemctl start broken || :`,
    tasks:
      "- service_facts:\n- debug: msg=\"{{ services['mine.service'] }} {{ ansible_facts.services['hidden.service'] }}\"\n",
  },
];
