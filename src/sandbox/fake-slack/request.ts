import type { IncomingMessage } from 'node:http';
import type { Args } from './method.js';
import { refuse } from './refusal.js';

const MAX_BYTES = 2_000_000;
const JSON_ARGS = new Set(['blocks', 'metadata', 'attachments', 'view', 'files']);

export async function bodyOf(request: IncomingMessage, maxBytes = MAX_BYTES): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) refuse('request_too_large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The arguments of a Web API call, from its address and from its body: a form, JSON, or a form with files. */
export async function argsOf(request: IncomingMessage, url: URL): Promise<Args> {
  const type = request.headers['content-type'] ?? '';
  const body = await bodyOf(request);
  const fromUrl = fromForm(url.searchParams);
  if (body.length === 0) return fromUrl;
  if (type.includes('application/json')) return { ...fromUrl, ...jsonArgs(body.toString()) };
  if (type.includes('multipart/form-data')) return { ...fromUrl, ...(await multipartArgs(body, type)) };
  return { ...fromUrl, ...fromForm(new URLSearchParams(body.toString())) };
}

function fromForm(form: URLSearchParams): Args {
  return Object.fromEntries([...form].map(([name, value]) => [name, JSON_ARGS.has(name) ? json(name, value) : value]));
}

function jsonArgs(body: string): Args {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Args;
  } catch {
    // Refused below, as anything else that is no object.
  }
  return refuse('invalid_json');
}

async function multipartArgs(body: Buffer, type: string): Promise<Args> {
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
  return Object.fromEntries([...form].filter(([, value]) => typeof value === 'string'));
}

function json(name: string, value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return refuse(name === 'blocks' ? 'invalid_blocks_format' : 'invalid_arguments');
  }
}
