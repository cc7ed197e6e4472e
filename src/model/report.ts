/** How an environment is, for people: readable from the top, the worst first. */
export type Report = {
  /** One line for the whole. */
  headline: string;
  state: 'up' | 'degraded' | 'down';
  parts: { title: string; lines: string[] }[];
};
