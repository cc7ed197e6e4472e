import { type Position, StarsError } from '../errors.js';
import type { Arguments, Expression, FilterCall, Statement } from '../jinja/ast.js';
import { builtinFilters, parsedExpression, parsedTemplate, type RenderOptions } from '../jinja/jinja.js';
import { createRegistry } from '../jinja/registry.js';
import { requireKnown } from '../jinja/run.js';
import { builtinTests } from '../jinja/tests.js';
import { createControllerFiles } from './controller-files.js';
import { ansibleFilters } from './filters.js';
import { requireHashType } from './filters/crypt.js';
import { createLookups } from './lookups.js';
import { fileSettings, textSettings } from './settings.js';
import { ansibleTests } from './tests.js';

/**
 * What a template needs to be evaluated. `sure` is false for what stands in a branch that may not be taken, where Jinja2 too only
 * fails when it is.
 */
export type Uses = {
  /** Filters, tests and lookups that there are none of, and mistakes in the syntax, each with its place. */
  problems: { error: StarsError; sure: boolean }[];
  variables: Map<string, { sure: boolean }>;
  /** Templates that are included, imported or looked up by a fixed name. */
  templates: { name: string; sure: boolean }[];
  /** Where it looks at the hosts of the play, or at other hosts. */
  others: OtherHosts[];
};

/** `what` is the words for it; `variable`: the one of another host that is read, when that can be told. */
export type OtherHosts = { what: string; variable?: string | undefined; where: Position | undefined };

/** What Ansible tells of the hosts of a play; none of it is the same for a part of them. */
const OF_ALL_HOSTS = new Set([
  'ansible_play_hosts',
  'ansible_play_hosts_all',
  'ansible_play_batch',
  'play_hosts',
  'ansible_limit',
]);

/** Of a text of a playbook or a variable. */
export function usesOfText(text: string, where: Position | undefined): Uses {
  const walk = createWalk();
  walk.guarded(() => {
    const { body, settings } = textSettings(text, where);
    walk.statements(parsedTemplate(body, settings).body, settings);
  });
  return walk.uses;
}

/** Of a template file. */
export function usesOfFile(text: string, file: string): Uses {
  const walk = createWalk();
  walk.guarded(() => {
    const { body, settings } = fileSettings(text, file);
    walk.statements(parsedTemplate(body, settings).body, settings);
  });
  return walk.uses;
}

/** Of a bare expression, as `when` has it. */
export function usesOfExpression(expression: string, where: Position | undefined): Uses {
  const walk = createWalk();
  const settings = { ...(where ? { file: where.file, line: where.line } : {}), asTest: true };
  walk.guarded(() => walk.expression(parsedExpression(expression, settings), settings));
  return walk.uses;
}

/** UNSUPPORTED when there is no lookup of this name. */
export function requireLookup(name: string): void {
  known().lookups.require(name);
}

function createWalk() {
  const uses: Uses = { problems: [], variables: new Map(), templates: [], others: [] };
  let settings: RenderOptions = {};
  // Inside of a branch nothing is sure; behind `and` or in a loop Jinja2 knows the filters, but variables may never be read.
  let branches = 0;
  let maybes = 0;

  /** Keeps a mistake in the syntax, which has its place, as a problem. */
  function guarded(read: () => void): void {
    try {
      read();
    } catch (thrown) {
      if (!(thrown instanceof StarsError)) throw thrown;
      uses.problems.push({ error: thrown, sure: branches === 0 });
    }
  }

  function needs(line: number, require: () => unknown): void {
    try {
      require();
    } catch (thrown) {
      if (!(thrown instanceof StarsError)) throw thrown;
      const where = settings.file ? { file: settings.file, line: (settings.line ?? 1) + line - 1 } : undefined;
      uses.problems.push({ error: where ? thrown.with({ where }) : thrown, sure: branches === 0 });
    }
  }

  function inBranch(read: () => void): void {
    branches += 1;
    read();
    branches -= 1;
  }

  function maybe(read: () => void): void {
    maybes += 1;
    read();
    maybes -= 1;
  }

  const filterNamed = (name: string, line: number) => needs(line, () => requireKnown('filter', name, known().filters));
  const testNamed = (name: string, line: number) => needs(line, () => requireKnown('test', name, known().tests));

  function expressions(nodes: readonly (Expression | undefined)[]): void {
    for (const node of nodes) if (node) expression(node);
  }

  function args({ positional, keywords, spread, spreadKeywords }: Arguments): void {
    expressions([...positional, ...keywords.map(({ value }) => value), spread, spreadKeywords]);
  }

  function expression(node: Expression, given?: RenderOptions): void {
    if (given) settings = given;
    switch (node.type) {
      case 'constant':
        return;
      case 'name': {
        const sure = branches === 0 && maybes === 0;
        if (OF_ALL_HOSTS.has(node.name) || node.name === 'hostvars') looksAtOthers(node.name, node.line);
        if (!uses.variables.get(node.name)?.sure) uses.variables.set(node.name, { sure });
        return;
      }
      case 'list':
      case 'tuple':
        return expressions(node.items);
      case 'dict':
        return expressions(node.pairs.flatMap(({ key, value }) => [key, value]));
      case 'attribute':
        if (ofOneHost(node.object, node.name, node.line)) return;
        return expression(node.object);
      case 'item':
        if (ofOneHost(node.object, textOf(node.key), node.line)) return expression(node.key);
        return expressions([node.object, node.key]);
      case 'slice':
        return expressions([node.start, node.stop, node.step]);
      case 'call':
        return call(node);
      case 'filter':
        return filter(node);
      case 'test':
        testNamed(node.name, node.line);
        expression(node.input);
        return args(node.args);
      case 'not':
      case 'negative':
      case 'positive':
        return expression(node.operand);
      case 'and':
      case 'or':
        expression(node.left);
        return maybe(() => expression(node.right));
      case 'binary':
        return expressions([node.left, node.right]);
      case 'concat':
        return expressions(node.parts);
      case 'compare':
        return expressions([node.first, ...node.rest.map(({ operand }) => operand)]);
      case 'conditional':
        asked(node.test);
        return inBranch(() => expressions([node.whenTrue, node.otherwise]));
    }
  }

  /** `hostvars[host].variable`: a look at one variable of one host, which may be the own. Whether it is that. */
  function ofOneHost(object: Expression, variable: string | undefined, line: number): boolean {
    if ((object.type !== 'item' && object.type !== 'attribute') || !isHostvars(object.object)) return false;
    uses.variables.set('hostvars', { sure: false });
    if (object.type === 'attribute' || !isOwnName(object.key)) looksAtOthers('hostvars', line, variable);
    if (object.type === 'item') expression(object.key);
    return true;
  }

  function looksAtOthers(what: string, line: number, variable?: string): void {
    const where = settings.file ? { file: settings.file, line: (settings.line ?? 1) + line - 1 } : undefined;
    uses.others.push({ what, variable, where });
  }

  /** What an `if` asks is read when it is come by, and Jinja2 knows its filters no earlier. */
  function asked(node: Expression): void {
    if (maybes === 0) expression(node);
    else inBranch(() => expression(node));
  }

  function call({ callee, args: given, line }: Extract<Expression, { type: 'call' }>): void {
    const [first] = given.positional;
    const isLookup = callee.type === 'name' && ['lookup', 'query', 'q'].includes(callee.name);
    if (isLookup && first && textOf(first)?.split('.').at(-1) === 'password') looksAtOthers('lookup password', line);
    if (isLookup && first?.type === 'constant' && typeof first.value === 'string') {
      const name = first.value;
      needs(line, () => requireLookup(name));
      if (name.split('.').at(-1) === 'template') for (const file of given.positional.slice(1)) templateFile(file);
    }
    expression(callee);
    args(given);
  }

  function filter({ name, input, args: given, line }: Extract<Expression, { type: 'filter' }>): void {
    filterNamed(name, line);
    named(name, given, line);
    if (name === 'password_hash') hashType(given, line);
    expression(input);
    const [what, from, variable] = given.positional;
    if (name === 'map' && what && textOf(what) === 'extract' && from && isHostvars(from) && variable)
      return looksAtOthers('hostvars', line, textOf(variable));
    args(given);
  }

  /** `map('upper')`, `select('match', …)` and their kin name a filter or test as text. */
  function named(name: string, { positional }: Arguments, line: number): void {
    const at =
      name === 'map' || name === 'select' || name === 'reject' ? 0 : /^(select|reject)attr$/.test(name) ? 1 : -1;
    const node = positional[at];
    if (node?.type !== 'constant' || typeof node.value !== 'string') return;
    if (name === 'map') filterNamed(node.value, line);
    else testNamed(node.value, line);
  }

  function hashType({ positional, keywords }: Arguments, line: number): void {
    const node = positional[0] ?? keywords.find(({ name }) => name === 'hashtype')?.value;
    if (node?.type !== 'constant' || typeof node.value !== 'string') return;
    const type = node.value;
    needs(line, () => requireHashType(type));
  }

  function filters(calls: readonly FilterCall[]): void {
    for (const { name, args: given, line } of calls) {
      filterNamed(name, line);
      args(given);
    }
  }

  function statements(nodes: readonly Statement[], given?: RenderOptions): void {
    if (given) settings = given;
    for (const node of nodes) statement(node);
  }

  function statement(node: Statement): void {
    switch (node.type) {
      case 'text':
      case 'break':
      case 'continue':
        return;
      case 'output':
        return expressions(node.expressions);
      case 'if':
        for (const [index, branch] of node.branches.entries()) {
          if (index === 0) asked(branch.test);
          else inBranch(() => expression(branch.test));
          inBranch(() => statements(branch.body));
        }
        return inBranch(() => statements(node.otherwise));
      case 'for':
        expression(node.iterable);
        return maybe(() => {
          expressions([node.condition]);
          statements([...node.body, ...node.otherwise]);
        });
      case 'set':
        return expression(node.value);
      case 'set-block':
      case 'filter-block':
        filters(node.filters);
        return statements(node.body);
      case 'macro':
        return maybe(() => macro(node.macro));
      case 'call-block':
        expression(node.call);
        return maybe(() => macro(node.macro));
      case 'block':
      case 'scope':
        return statements(node.body);
      case 'with':
        expressions(node.bindings.map(({ value }) => value));
        return statements(node.body);
      case 'include':
      case 'import':
      case 'from-import':
        return template(node.template);
      case 'do':
        return expression(node.expression);
    }
  }

  function macro({ parameters, body }: Extract<Statement, { type: 'macro' }>['macro']): void {
    expressions(parameters.map(({ fallback }) => fallback));
    statements(body);
  }

  function template(node: Expression): void {
    templateFile(node);
    expression(node);
  }

  function templateFile(node: Expression): void {
    if (node.type === 'constant' && typeof node.value === 'string')
      uses.templates.push({ name: node.value, sure: branches === 0 && maybes === 0 });
  }

  return { uses, guarded, statements, expression };
}

function textOf(node: Expression): string | undefined {
  return node.type === 'constant' && typeof node.value === 'string' ? node.value : undefined;
}

function isHostvars(node: Expression): boolean {
  return node.type === 'name' && node.name === 'hostvars';
}

function isOwnName(node: Expression): boolean {
  return node.type === 'name' && node.name === 'inventory_hostname';
}

type Known = ReturnType<typeof makeKnown>;
let made: Known | undefined;

function known(): Known {
  return (made ??= makeKnown());
}

function makeKnown() {
  const files = createControllerFiles({});
  return {
    filters: createRegistry(...ansibleFilters({ files, environment: {}, onDeprecation: undefined }), builtinFilters),
    tests: createRegistry(ansibleTests, builtinTests),
    lookups: createLookups({ files, variable: () => undefined, renderTemplate: () => '' }),
  };
}
