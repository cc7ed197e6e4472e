import type { Route } from '../http.js';
import { at } from './service.js';

/** Lightning 1.0: only what tells that it is there. */
export function createLightning(): { routes: Route[] } {
  const status = {
    database: { dialect: 'sqlite' },
    visualizations: 0,
    sessions: 0,
    visualizationTypes: [{ name: 'line' }, { name: 'scatter' }],
  };
  return {
    routes: [
      at('GET', '/status', () => ({ json: status })),
      at('GET', '/sessions', () => ({ json: [] })),
      at('GET', '/visualizations/([^/]+)', () => ({ status: 404, text: 'Not Found' })),
    ],
  };
}
