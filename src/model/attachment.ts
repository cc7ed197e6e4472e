/** A file for people, beside the words of a run or of an answer. */
export type Attachment = {
  /** With an ending that says what it is, such as `zeppelin.log` or `agents.png`. */
  name: string;
  /** A text, from which secrets are removed; or bytes, such as a picture, which are kept as they are. */
  content: string | Uint8Array;
  /** What there is to see, for those who cannot. */
  alt?: string | undefined;
  /** Where it was put for whoever has no chat. */
  path?: string | undefined;
};
