/** Scripts on which real shells do not agree, or where CentOS 7's bash differs from them: what ours says, and why. */
export const DIFFERENCES: readonly { script: string; stdout: string; code: number; why: string }[] = [
  {
    script: `touch a; [ a -nt missing ] && echo newer`,
    stdout: 'newer\n',
    code: 0,
    why: 'bash: newer than nothing; dash and busybox: false',
  },
  { script: `echo 'a\\tb'`, stdout: 'a\\tb\n', code: 0, why: 'dash expands backslashes in echo, bash does not' },
  { script: `echo -e 'a\\tb'`, stdout: 'a\tb\n', code: 0, why: 'dash prints -e' },
  { script: `echo $'a\\x41'`, stdout: 'aA\n', code: 0, why: 'dash has no ANSI quoting' },
  {
    script: `x=hello; echo \${x:1:3} \${x/l/L} \${x//l/L}`,
    stdout: 'ell heLlo heLLo\n',
    code: 0,
    why: 'dash has neither slices nor replacement',
  },
  { script: `cat <<< word`, stdout: 'word\n', code: 0, why: 'dash has no here-strings' },
  { script: `echo a &>f; cat f`, stdout: 'a\n', code: 0, why: 'dash takes & as a separator' },
  { script: `set -o pipefail; false | true`, stdout: '', code: 1, why: 'dash has no pipefail' },
  {
    script: `. ./missing; echo never`,
    stdout: '',
    code: 1,
    why: 'dash and busybox end with 2, bash in POSIX mode with 1',
  },
  { script: `set -u; echo $missing`, stdout: '', code: 127, why: 'bash -c ends with 127, dash with 2' },
  { script: `x=1; x+=2; echo $x`, stdout: '12\n', code: 0, why: 'dash has no +=' },
  { script: `function f { echo word; }; f`, stdout: 'word\n', code: 0, why: 'dash has no function keyword' },
  { script: `echo $((2**10))`, stdout: '1024\n', code: 0, why: 'dash has no power' },
  { script: `cat </missing; echo $?`, stdout: '1\n', code: 0, why: 'dash says 2' },
];
