import type { Call, Tool } from './call.js';

type Tables = Record<string, Chains>;
type Chains = Record<string, { policy: string | undefined; rules: string[] }>;

const BUILT_IN: Record<string, readonly string[]> = {
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  raw: ['PREROUTING', 'OUTPUT'],
  security: ['INPUT', 'FORWARD', 'OUTPUT'],
};

/** Rules are kept and compared as they were written; no packet is looked at. `iptables` and `ip6tables` keep their own. */
export const iptables: Tool = async (call) => {
  if (call.args.includes('--version') || call.args.includes('-V')) {
    await call.print(`${call.name} v1.4.21\n`);
    return 0;
  }
  const words = call.args.filter((word) => !['-n', '-v', '-w'].includes(word));
  const table = words[0] === '-t' ? (words[1] ?? 'filter') : 'filter';
  const [verb = '', chain = '', ...rule] = words[0] === '-t' ? words.slice(2) : words;
  if (call.user.uid !== 0)
    return refuse(call, `can't initialize ${call.name} table \`${table}': Permission denied (you must be root)`, 4);
  const tables = await read(call);
  const chains = tables[table];
  if (!chains) return refuse(call, `can't initialize ${call.name} table \`${table}': Table does not exist`, 3);
  if (verb === '-L' || verb === '-S') return list(call, chains, chain);
  const problem = change(chains, { verb, chain, rule });
  if (problem !== undefined) return refuse(call, problem, 1);
  if (verb !== '-C') await call.write(fileOf(call), Buffer.from(JSON.stringify(tables)), 0o600);
  return 0;
};

const NO_CHAIN = 'No chain/target/match by that name.';
const NO_RULE = 'Bad rule (does a matching rule exist in that chain?).';

/** What is wrong with it, or nothing. */
function change(
  chains: Chains,
  { verb, chain, rule }: { verb: string; chain: string; rule: string[] },
): string | undefined {
  const found = chains[chain];
  const at = verb === '-I' && /^\d+$/.test(rule[0] ?? '') ? Number(rule.shift()) - 1 : 0;
  const text = rule.join(' ');
  if (verb === '-N') {
    if (found) return 'Chain already exists.';
    chains[chain] = { policy: undefined, rules: [] };
    return undefined;
  }
  if (verb === '-F' && chain === '') {
    for (const one of Object.values(chains)) one.rules = [];
    return undefined;
  }
  if (!found) return NO_CHAIN;
  const index = found.rules.indexOf(text);
  if (verb === '-A') found.rules.push(text);
  else if (verb === '-I') found.rules.splice(at, 0, text);
  else if (verb === '-C') return index === -1 ? NO_RULE : undefined;
  else if (verb === '-D') return index === -1 ? NO_RULE : void found.rules.splice(index, 1);
  else if (verb === '-F') found.rules = [];
  else if (verb === '-P') found.policy = text;
  else if (verb === '-X') delete chains[chain];
  else return `unknown option "${verb}"`;
  return undefined;
}

async function list(call: Call, chains: Chains, wanted: string): Promise<number> {
  if (wanted !== '' && !chains[wanted]) return refuse(call, NO_CHAIN, 1);
  for (const [name, { policy, rules }] of Object.entries(chains)) {
    if (wanted !== '' && name !== wanted) continue;
    await call.print(`Chain ${name} (${policy === undefined ? '0 references' : `policy ${policy}`})\n`);
    for (const rule of rules) await call.print(`${rule}\n`);
  }
  return 0;
}

async function refuse(call: Call, problem: string, status: number): Promise<number> {
  await call.complain(problem);
  return status;
}

function fileOf(call: Call): string {
  return `/run/${call.name}.rules`;
}

async function read(call: Call): Promise<Tables> {
  if (call.find(fileOf(call))) return JSON.parse((await call.content(fileOf(call))).toString()) as Tables;
  return Object.fromEntries(
    Object.entries(BUILT_IN).map(([table, names]) => [
      table,
      Object.fromEntries(names.map((name) => [name, { policy: 'ACCEPT', rules: [] as string[] }])),
    ]),
  );
}
