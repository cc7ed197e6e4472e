/** What an app's process prints when it starts, in the words of the real programs. */
export function startLines(appId: string, now: Date, ports: number[]): string[] {
  const name = appId.split('/').at(-1) ?? appId;
  const stamp = log4j(now);
  const port = ports[0] ?? 0;
  if (name.startsWith('zeppelin')) {
    return [
      `${stamp} WARN [2.0.0] ({main} ZeppelinConfiguration.java[create]:102) - Failed to load configuration, proceeding with a default`,
      `${stamp} INFO [main] (ZeppelinConfiguration.java[create]:110) - Server Host: 0.0.0.0`,
      `${stamp} INFO [main] (ZeppelinServer.java[main]:185) - Starting zeppelin server`,
      `${stamp} INFO [main] (ZeppelinServer.java[main]:197) - Done, zeppelin server started`,
    ];
  }
  if (name.startsWith('livy')) {
    return [
      `${glued(now)} INFO LineBufferedStream: stdout: version 2.1.0`,
      `${glued(now)} INFO WebServer: Starting server on http://0.0.0.0:8998`,
    ];
  }
  if (name.startsWith('blazegraph')) {
    return [
      'INFO: com.bigdata.util.config.LogUtil: Configure: file:/opt/blazegraph/conf/log4j.properties',
      'serviceURL: http://127.0.0.1:9999',
      'Welcome to the Blazegraph(tm) Database.',
      'Go to http://127.0.0.1:9999/blazegraph/ to get started.',
    ];
  }
  if (name.startsWith('lightning'))
    return ['Executing (default): SELECT 1+1 AS result', `Lightning started on port: ${port}`];
  if (name.startsWith('chronos')) {
    return [
      `[${now.toISOString().replace('T', ' ').replace('.', ',').slice(0, 23)}] INFO --------------------- (org.apache.mesos.chronos.scheduler.Main$:26)`,
      `[${now.toISOString().replace('T', ' ').replace('.', ',').slice(0, 23)}] INFO Initializing chronos. (org.apache.mesos.chronos.scheduler.Main$:27)`,
    ];
  }
  return [`${now.toISOString()} ${name} listening on port ${port}`];
}

export function tickLines(appId: string, now: Date): string[] {
  const name = appId.split('/').at(-1) ?? appId;
  if (name.startsWith('zeppelin'))
    return [`${log4j(now)} INFO [qtp] (NotebookServer.java[onMessage]:211) - RECEIVE << PING`];
  if (name.startsWith('livy')) return [`${glued(now)} INFO InteractiveSessionManager: 0 sessions are idle`];
  return [`${now.toISOString()} ${name} is at work`];
}

export function crashLines(name: string, now: Date): string[] {
  return [
    `${log4j(now)} ERROR [main] - ${name} cannot start`,
    'java.net.BindException: Address already in use',
    '\tat sun.nio.ch.Net.bind0(Native Method)',
    '\tat sun.nio.ch.Net.bind(Net.java:433)',
  ];
}

function log4j(now: Date): string {
  return now.toISOString().replace('T', ' ').replace('.', ',').slice(0, 23);
}

function glued(now: Date): string {
  return now.toISOString().slice(2, 19).replaceAll('-', '/').replace('T', ' ');
}
