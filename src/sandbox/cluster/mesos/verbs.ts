import type { Handler, Route } from '../http.js';

/** 405, naming what the path takes. */
export function refuseVerb(routes: readonly Route[]): Handler {
  return ({ path, method }) => {
    const allowed = [...new Set(routes.filter(({ pattern }) => pattern.test(path)).map((one) => one.method))];
    return {
      status: 405,
      headers: { Allow: allowed.join(', ') },
      text: `Expecting one of { ${allowed.map((one) => `'${one}'`).join(', ')} }, but received '${method}'`,
    };
  };
}
