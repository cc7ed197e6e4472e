export type ZooKeeperVersion = '3.4' | '3.8';
export type ServerMode = 'leader' | 'follower' | 'standalone';

/** One server at the moment it is asked; `mode` undefined = it has no quorum. */
export type ServerState = {
  version: ZooKeeperVersion;
  index: number;
  name: string;
  mode: ServerMode | undefined;
  received: number;
  /** Others that run, for the one that leads. */
  followers: number;
  znodes: number;
  clientPort: number;
};

const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests\n';
const BUILDS = {
  '3.4': '3.4.6-1569965, built on 02/20/2014 09:09 GMT',
  '3.8': '3.8.0-5a02a05eddb59aee6ac762f7ea82e92a68eb9c0f, built on 2022-02-25 08:49 UTC',
};
const WORDS = new Set([
  'ruok',
  'srvr',
  'stat',
  'mntr',
  'isro',
  'conf',
  'envi',
  'cons',
  'dump',
  'wchs',
  'wchc',
  'wchp',
  'srst',
  'crst',
]);

/** The answer to a four-letter word; `whitelist` undefined = every word is allowed. */
export function answerToWord(word: string, server: ServerState, whitelist: readonly string[] | undefined): string {
  if (!WORDS.has(word)) return '';
  if (whitelist && !whitelist.includes(word)) return `${word} is not executed because it is not in the whitelist.\n`;
  if (word === 'ruok') return 'imok';
  if (word === 'isro') return server.mode ? 'rw' : 'null';
  if (word === 'conf') return confText(server);
  if (word === 'envi') return enviText(server);
  if (!server.mode) return NOT_SERVING;
  const client = ` /127.0.0.1:${server.clientPort}[0](queued=0,recved=1,sent=0)`;
  if (word === 'srvr') return srvrText(server, []);
  if (word === 'stat') return srvrText(server, ['Clients:', client, '']);
  if (word === 'mntr')
    return monitor(server)
      .map(([key, value]) => `zk_${key}\t${value}\n`)
      .join('');
  return word === 'cons' ? `${client}\n\n` : '';
}

/** What `mntr` and the AdminServer tell, without the prefix `zk_`. */
export function monitor({ version, mode, received, followers, znodes }: ServerState): [string, string | number][] {
  const rows: [string, string | number][] = [
    ['version', BUILDS[version]],
    ['avg_latency', version === '3.4' ? 1 : 1.25],
    ['max_latency', 28],
    ['min_latency', 0],
    ['packets_received', received],
    ['packets_sent', Math.max(0, received - 1)],
    ['num_alive_connections', 1],
    ['outstanding_requests', 0],
    ['server_state', mode ?? 'leader'],
    ['znode_count', znodes],
    ['watch_count', 0],
    ['ephemerals_count', 3],
    ['approximate_data_size', 236],
    ['open_file_descriptor_count', 31],
    ['max_file_descriptor_count', 4096],
  ];
  if (mode === 'leader') {
    rows.push(
      [version === '3.4' ? 'followers' : 'learners', followers],
      ['synced_followers', followers],
      ['pending_syncs', 0],
    );
    if (version === '3.8') rows.push(['quorum_size', followers + 1]);
  }
  if (version === '3.8') rows.push(['peer_state', mode === 'leader' ? 'leading - broadcast' : 'following - broadcast']);
  return rows;
}

function srvrText({ version, mode, received, znodes }: ServerState, clients: string[]): string {
  return [
    `Zookeeper version: ${BUILDS[version]}`,
    ...clients,
    `Latency min/avg/max: 0/${version === '3.4' ? '1' : '1.25'}/28`,
    `Received: ${received}`,
    `Sent: ${Math.max(0, received - 1)}`,
    'Connections: 1',
    'Outstanding: 0',
    'Zxid: 0x100000008',
    `Mode: ${mode}`,
    `Node count: ${znodes}`,
    '',
  ].join('\n');
}

function confText({ index }: ServerState): string {
  return [
    'clientPort=2181',
    'dataDir=/var/lib/zookeeper/version-2',
    'dataLogDir=/var/lib/zookeeper/version-2',
    'tickTime=2000',
    'maxClientCnxns=60',
    `serverId=${index + 1}`,
    'initLimit=10',
    'syncLimit=5',
    'electionAlg=3',
    '',
  ].join('\n');
}

function enviText({ version, name }: ServerState): string {
  return `Environment:\nzookeeper.version=${BUILDS[version]}\nhost.name=${name}\njava.version=1.8.0_141\nos.name=Linux\n`;
}
