import { Refusal } from '../reply.js';

export type FieldError = { path: string; errors: string[] };

/** 400: not JSON (details is the parser's text) or JSON of the wrong shape (details is a list). */
export function invalidJson(details: string | FieldError[]): Refusal {
  return new Refusal({ status: 400, json: { message: 'Invalid JSON', details } });
}

export function badRequest(message: string): Refusal {
  return new Refusal({ status: 400, json: { message } });
}

export function notValid(details: FieldError[]): Refusal {
  return new Refusal({ status: 422, json: { message: 'Object is not valid', details } });
}

/** What a failed `require` in Marathon's code becomes. */
export function requirementFailed(text: string): Refusal {
  return new Refusal({ status: 422, json: { message: `requirement failed: ${text}` } });
}

export function unknownApp(id: string, version?: string): Refusal {
  const suffix = version === undefined ? '' : ` in version ${version}`;
  return new Refusal({ status: 404, json: { message: `App '${id}' does not exist${suffix}` } });
}

/** What 1.5 and later cannot bring into their own form. */
export function notNormal(message: string): Refusal {
  return new Refusal({ status: 422, json: { message } });
}

export function notFound(message: string): Refusal {
  return new Refusal({ status: 404, json: { message } });
}

export function conflict(message: string): Refusal {
  return new Refusal({ status: 409, json: { message } });
}

export function notJson(): Refusal {
  return new Refusal({ status: 415, json: { message: 'Unsupported Media Type' } });
}

/** 409 while deployments hold the app; `<DEPLOYMENT_ID>` is what Marathon really writes. */
export function locked(deploymentIds: string[]): Refusal {
  const message =
    "App is locked by one or more deployments. Override with the option '?force=true'. View details at '/v2/deployments/<DEPLOYMENT_ID>'.";
  return new Refusal({ status: 409, json: { message, deployments: deploymentIds.map((id) => ({ id })) } });
}
