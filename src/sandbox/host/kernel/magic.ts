/** How the files of programs that the simulator itself provides begin; the program's name follows. */
export const MAGIC = '\x7fELF\x02\x01\x01stars:';
