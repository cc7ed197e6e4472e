import { allowed, READ, SEARCH, sizeOf, WRITE } from '../../fs/inode.js';
import type { Inode } from '../../fs/inode.js';
import { absolutePath } from '../../kernel/path.js';
import type { Shell } from '../shell.js';
import type { Builtin } from './builtin.js';

/** An expression that `test` cannot make sense of: status 2. */
class TestFault extends Error {}

const BINARY = ['=', '==', '!=', '<', '>', '-eq', '-ne', '-lt', '-le', '-gt', '-ge', '-nt', '-ot', '-ef'];
const MAX_DEPTH = 100;

export const test: Builtin = async (shell, args, name) => {
  let operands = args;
  if (name === '[') {
    if (args.at(-1) !== ']') {
      await shell.complain("[: missing `]'");
      return 2;
    }
    operands = args.slice(0, -1);
  }
  try {
    return evaluate(shell, operands) ? 0 : 1;
  } catch (thrown) {
    if (!(thrown instanceof TestFault)) throw thrown;
    await shell.complain(`${name}: ${thrown.message}`);
    return 2;
  }
};

/** Up to four operands POSIX fixes the meaning by their number. */
function evaluate(shell: Shell, operands: string[], depth = 0): boolean {
  const [a = '', b = '', c = ''] = operands;
  if (depth > MAX_DEPTH) throw new TestFault('expression nested too deeply');
  switch (operands.length) {
    case 0:
      return false;
    case 1:
      return a !== '';
    case 2:
      if (a === '!') return b === '';
      if (isUnary(a)) return unary(shell, a, b);
      throw new TestFault(`${a}: unary operator expected`);
    case 3:
      if (BINARY.includes(b)) return binary(shell, a, b, c);
      if (a === '!') return !evaluate(shell, operands.slice(1), depth + 1);
      if (a === '(' && c === ')') return b !== '';
      break;
    case 4:
      if (a === '!') return !evaluate(shell, operands.slice(1), depth + 1);
      if (a === '(' && operands[3] === ')') return evaluate(shell, operands.slice(1, 3), depth + 1);
      break;
    default:
  }
  const parser = { operands, at: 0 };
  const value = or(shell, parser, depth);
  if (parser.at < operands.length)
    throw new TestFault(operands.length === 3 ? `${b}: binary operator expected` : 'too many arguments');
  return value;
}

type Parser = { operands: string[]; at: number };

function or(shell: Shell, parser: Parser, depth: number): boolean {
  let value = and(shell, parser, depth);
  while (parser.operands[parser.at] === '-o') {
    parser.at++;
    const right = and(shell, parser, depth);
    value ||= right;
  }
  return value;
}

function and(shell: Shell, parser: Parser, depth: number): boolean {
  let value = not(shell, parser, depth);
  while (parser.operands[parser.at] === '-a') {
    parser.at++;
    const right = not(shell, parser, depth);
    value &&= right;
  }
  return value;
}

function not(shell: Shell, parser: Parser, depth: number): boolean {
  if (depth > MAX_DEPTH) throw new TestFault('expression nested too deeply');
  const { operands } = parser;
  const token = operands[parser.at];
  const next = operands[parser.at + 1];
  if (token === undefined) throw new TestFault('argument expected');
  if (next !== undefined && BINARY.includes(next) && operands[parser.at + 2] !== undefined) {
    parser.at += 3;
    return binary(shell, token, next, operands[parser.at - 1] as string);
  }
  parser.at++;
  if (token === '!') return !not(shell, parser, depth + 1);
  if (token === '(') {
    const value = or(shell, parser, depth + 1);
    if (operands[parser.at++] !== ')') throw new TestFault("`)' expected");
    return value;
  }
  if (!isUnary(token) || next === undefined) return token !== '';
  parser.at++;
  return unary(shell, token, next);
}

function isUnary(token: string): boolean {
  return /^-[bcdefghkLnOGprSstuwxzN]$/.test(token);
}

function unary({ state, proc }: Shell, operator: string, operand: string): boolean {
  if (operator === '-n') return operand !== '';
  if (operator === '-z') return operand === '';
  if (operator === '-t') return false;
  const { fs } = state.kernel;
  const path = absolutePath(operand, proc.cwd);
  const node = operand === '' ? undefined : fs.find(path, proc.user, operator !== '-L' && operator !== '-h');
  return node !== undefined && holds(operator, node, { state, proc } as Shell);
}

function holds(operator: string, node: Inode, { proc }: Shell): boolean {
  switch (operator) {
    case '-d':
      return node.kind === 'dir';
    case '-f':
      return node.kind === 'file';
    case '-L':
    case '-h':
      return node.kind === 'symlink';
    case '-p':
      return node.kind === 'fifo';
    case '-c':
      return node.kind === 'device';
    case '-b':
    case '-S':
      return false;
    case '-s':
      return sizeOf(node) > 0;
    case '-r':
      return allowed(node, proc.user, READ);
    case '-w':
      return allowed(node, proc.user, WRITE);
    case '-x':
      return allowed(node, proc.user, SEARCH);
    case '-u':
      return (node.mode & 0o4000) !== 0;
    case '-g':
      return (node.mode & 0o2000) !== 0;
    case '-k':
      return (node.mode & 0o1000) !== 0;
    case '-O':
      return node.uid === proc.user.uid;
    case '-G':
      return node.gid === proc.user.gid;
    default:
      return true;
  }
}

function binary({ state, proc }: Shell, left: string, operator: string, right: string): boolean {
  if (operator === '=' || operator === '==') return left === right;
  if (operator === '!=') return left !== right;
  if (operator === '<') return left < right;
  if (operator === '>') return left > right;
  if (['-nt', '-ot', '-ef'].includes(operator)) {
    const a = state.kernel.fs.find(absolutePath(left, proc.cwd), proc.user);
    const b = state.kernel.fs.find(absolutePath(right, proc.cwd), proc.user);
    if (operator === '-ef') return a !== undefined && a.ino === b?.ino;
    return operator === '-nt' ? (a?.mtimeMs ?? -1) > (b?.mtimeMs ?? -1) : (a?.mtimeMs ?? -1) < (b?.mtimeMs ?? -1);
  }
  return compare(integer(left), operator, integer(right));
}

function compare(a: bigint, operator: string, b: bigint): boolean {
  if (operator === '-eq') return a === b;
  if (operator === '-ne') return a !== b;
  if (operator === '-lt') return a < b;
  if (operator === '-le') return a <= b;
  return operator === '-gt' ? a > b : a >= b;
}

function integer(text: string): bigint {
  const found = /^\s*([-+]?)(\d+)\s*$/.exec(text);
  if (!found) throw new TestFault(`${text}: integer expression expected`);
  const value = BigInt(found[2] as string);
  return found[1] === '-' ? -value : value;
}
