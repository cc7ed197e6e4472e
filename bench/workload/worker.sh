# The forty tasks of site.yml by hand: POSIX sh, idempotent, run as `ssh host sudo sh -s <worker.sh`. Prints how many things it changed.
set -eu
umask 022
changed=0
note() { changed=$((changed + 1)); }
owns() { # path mode owner group
  [ "$(stat -c '%a %U %G' "$1")" = "$2 $3 $4" ] && return
  chown "$3:$4" "$1"
  chmod "$2" "$1"
  note
}
folder() { # path mode owner group
  [ -d "$1" ] || { mkdir -p "$1"; note; }
  owns "$@"
}
content() { # path mode owner group, content on standard input; sets fresh
  fresh=no
  wanted=$(cat)
  if ! [ -f "$1" ] || [ "$wanted" != "$(cat "$1")" ]; then
    printf '%s\n' "$wanted" >"$1.fresh"
    mv "$1.fresh" "$1"
    fresh=yes
    note
  fi
  owns "$@"
}
worker_restart=no shuffle_restart=no reload=no
for_worker() { if [ $fresh = yes ]; then worker_restart=yes; fi; }
for_shuffle() { if [ $fresh = yes ]; then shuffle_restart=yes; fi; }
line() { # path pattern line
  [ -f "$1" ] || { : >"$1"; note; }
  grep -qxF -e "$3" "$1" && return
  if grep -q "$2" "$1"; then sed -i "s|$2.*|$3|" "$1"; else printf '%s\n' "$3" >>"$1"; fi
  note
}
installed() {
  for package; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] && continue
    apt-get install -y -qq "$package" >/dev/null
    note
  done
}
runs() {
  systemctl is-enabled -q "$1" 2>/dev/null || { systemctl enable -q "$1"; note; }
  systemctl is-active -q "$1" || { systemctl start "$1"; note; }
}
host=$(hostname)
address=$(ip -4 -o addr show dev eth0 | sed 's/.*inet \([0-9.]*\).*/\1/')
getent group workers >/dev/null || { groupadd -r workers; note; }
getent passwd worker >/dev/null || { useradd -r -g workers -d /srv/worker -M -s /usr/sbin/nologin worker; note; }
getent group jobs >/dev/null || { groupadd -g 3001 jobs; note; }
getent passwd jobs >/dev/null || { useradd -m -u 3001 -g jobs -s /bin/bash jobs; note; }
case " $(id -nG jobs) " in *' workers '*) ;; *) usermod -aG workers jobs; note ;; esac
for path in /etc/worker /etc/worker/limits /srv/worker /srv/worker/releases /srv/worker/conf /srv/worker/releases/3.5; do
  folder $path 755 root root
done
folder /var/scratch 750 worker workers
folder /var/log/worker 755 worker workers
folder /var/log/jobs 2775 jobs jobs
folder /var/scratch/shared 1777 jobs jobs
installed curl unzip sudo
installed xz-utils
content /etc/worker/masters 644 root root <<'END'
zk://m1.example.org:2181,m2.example.org:2181,m3.example.org:2181/cluster
END
for_worker
content /etc/default/worker 644 root root <<END
# $host
HOST=$host
ADDRESS=$address
SCRATCH=/var/scratch
LIMIT_CPUS=4
LIMIT_MEMORY=8192
LIMIT_DISK=20480
LIMIT_PORTS=31000-32000
LIMIT_ATTEMPTS=3
END
for_worker
content /srv/worker/conf/jobs.sh 755 jobs jobs <<END
export JOBS_HOME=/srv/worker/current
export JOBS_LOCAL=/var/scratch/shared
export JOBS_LOGS=/var/log/jobs
export JOBS_HOST=$host
END
for_shuffle
content /srv/worker/conf/jobs.conf 644 jobs jobs <<END
master zk://m1.example.org:2181,m2.example.org:2181,m3.example.org:2181/cluster
events.enabled true
events.folder /var/log/jobs
setting.0 $host-0
setting.1 $host-1
setting.2 $host-2
setting.3 $host-3
setting.4 $host-4
setting.5 $host-5
END
for_shuffle
content /srv/worker/conf/logging.properties 644 jobs jobs <<END
root=INFO, file
file=/var/log/jobs/$host.log
layout=%d %p %c: %m%n
END
content /etc/worker/attributes 644 root root <<'END'
rack:two;zone:b
END
for_worker
for limit in cpus=4 memory=8192 disk=20480 ports=31000-32000 attempts=3; do
  content "/etc/worker/limits/${limit%%=*}" 644 root root <<END
${limit#*=}
END
  for_worker
done
content /usr/local/bin/worker-health 755 root root <<'END'
#!/bin/sh
exec systemctl is-active --quiet worker
END
content /etc/sysctl.d/50-worker.conf 644 root root <<'END'
vm.swappiness = 10
net.core.somaxconn = 2048
END
content /etc/security/limits.d/worker.conf 644 root root <<'END'
worker soft nofile 16384
worker hard nofile 32768
END
line /etc/profile.d/worker.sh '^export WORKER_HOME=' 'export WORKER_HOME=/srv/worker/current'
line /etc/profile.d/worker.sh '^export PATH=' 'export PATH=$PATH:$WORKER_HOME/bin'
line /etc/default/worker-limits '^NOFILE=' 'NOFILE=16384'
[ "$(readlink /srv/worker/current)" = /srv/worker/releases/3.5 ] || { ln -sfn /srv/worker/releases/3.5 /srv/worker/current; note; }
[ -e /srv/worker/releases/3.5/UNPACKED ] || { touch /srv/worker/releases/3.5/UNPACKED; note; }
[ -e /etc/worker/secret ] || { dd if=/dev/urandom of=/etc/worker/secret bs=32 count=1 status=none; note; }
processors=$(nproc)
memory=$(awk '/^MemTotal/ {print int($2/1024)}' /proc/meminfo)
[ -e /srv/worker/releases/3.5/UNPACKED ] || { touch /srv/worker/MISSING; note; }
content /etc/worker/resources 644 root root <<END
cpus:$processors;mem:$((memory * 3 / 4));ports:[31000-32000]
END
for_worker
owns /etc/worker/secret 600 worker workers
content /etc/systemd/system/worker.service 644 root root <<'END'
[Unit]
Description=worker of the yardstick

[Service]
User=worker
ExecStart=/bin/sleep infinity

[Install]
WantedBy=multi-user.target
END
for_worker
reload=$fresh
content /etc/systemd/system/shuffle.service 644 root root <<'END'
[Unit]
Description=shuffle of the yardstick

[Service]
User=jobs
ExecStart=/bin/sleep infinity

[Install]
WantedBy=multi-user.target
END
for_shuffle
if [ "$reload$fresh" != nono ]; then systemctl daemon-reload; fi
runs worker
runs shuffle
runs cron
if [ $worker_restart = yes ]; then systemctl restart worker; fi
if [ $shuffle_restart = yes ]; then systemctl restart shuffle; fi
systemctl is-active worker shuffle >/dev/null
echo "changed=$changed"
