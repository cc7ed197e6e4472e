import { literalPattern } from './pattern.js';

/** An argument in the making: its text and the same as a pattern, in which what was quoted stands for itself. */
export type Field = { text: string; pattern: string };

/** Collects the pieces of a word and splits what came out of expansions at IFS. */
export class Fields {
  readonly #fields: Field[] = [];
  #current: Field | undefined;
  readonly #blank: string;

  constructor(readonly separators: string) {
    this.#blank = [' ', '\t', '\n'].filter((char) => separators.includes(char)).join('');
  }

  addQuoted(text: string): void {
    const field = this.#field();
    field.text += text;
    field.pattern += literalPattern(text);
  }

  addLiteral(text: string): void {
    const field = this.#field();
    field.text += text;
    field.pattern += text;
  }

  addSplit(text: string): void {
    let afterBlank = false;
    let piece = '';
    const flush = () => {
      if (piece === '') return;
      const field = this.#field();
      field.text += piece;
      field.pattern += piece.replaceAll('\\', '\\\\');
      piece = '';
    };
    for (const char of text) {
      if (!this.separators.includes(char)) {
        piece += char;
        afterBlank = false;
        continue;
      }
      flush();
      if (this.#blank.includes(char)) {
        if (this.#current) afterBlank = true;
        this.endField();
      } else {
        // A blank before a visible separator belongs to it; two visible ones have an empty field between them.
        if (!this.#current && !afterBlank) this.#field();
        this.endField();
        afterBlank = false;
      }
    }
    flush();
  }

  endField(): void {
    if (this.#current) this.#fields.push(this.#current);
    this.#current = undefined;
  }

  finish(): Field[] {
    this.endField();
    return this.#fields;
  }

  #field(): Field {
    this.#current ??= { text: '', pattern: '' };
    return this.#current;
  }
}
