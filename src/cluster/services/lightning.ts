import { z } from 'zod';
import { type Finding } from '../finding.js';
import type { Http } from '../http.js';
import { amount } from '../nullish.js';
import type { Asking } from './asking.js';
import { counted } from '../../model/figures.js';

export type Lightning = ReturnType<typeof createLightning>;

const Status = z.object({ visualizations: amount, sessions: amount });

/** Lightning 1.0. */
export function createLightning({ http }: { http: Http }) {
  async function check(options?: Asking): Promise<Finding> {
    const { sessions, visualizations } = await http.get('/status', Status, options);
    return { state: 'up', reason: `${counted(sessions, 'session')}, ${counted(visualizations, 'visualization')}` };
  }

  return { check };
}
