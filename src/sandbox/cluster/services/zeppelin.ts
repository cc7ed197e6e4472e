import { randomUUID } from 'node:crypto';
import type { Handler } from '../http.js';
import type { HttpReply, HttpRequest } from '../reply.js';
import { at, bodyObject, type Service, type ServiceDeps } from './service.js';

type Paragraph = {
  id: string;
  interpreter: string;
  status: 'READY' | 'PENDING' | 'RUNNING' | 'FINISHED' | 'ERROR' | 'ABORT';
  started?: Date;
  finished?: Date;
};
type Note = { id: string; name: string; paragraphs: Paragraph[] };
type Login = { username: string; password: string };

export type Zeppelin = ReturnType<typeof createZeppelin>;

const paragraph = (number: number, interpreter: string): Paragraph => ({
  id: `20150210-01525${number}_140313595${number}`,
  interpreter,
  status: 'READY',
});

/** Zeppelin 0.7: notebooks, their paragraphs, and interpreters whose restart stops everybody's work in them. */
export function createZeppelin({ timers, jobMs }: ServiceDeps) {
  const notes: Note[] = [
    {
      id: '2A94M5J1Z',
      name: 'Zeppelin Tutorial/Basic Features (Spark)',
      paragraphs: [paragraph(1, 'spark'), paragraph(2, 'spark')],
    },
    { id: '2BWJFTXKJ', name: 'Zeppelin Tutorial/Markdown', paragraphs: [paragraph(3, 'md')] },
  ];
  const settings = ['spark', 'md', 'sh'].map((name, index) => ({ id: `2CKAY1A8${index}`, name, group: name }));
  const restarts: string[] = [];
  const sessions = new Set<string>();
  let login: Login | undefined;

  function noteOf(id = ''): Note | undefined {
    return notes.find((one) => one.id === id);
  }

  const withNote =
    (answer: (note: Note, request: HttpRequest) => HttpReply): Handler =>
    (request) => {
      const note = noteOf(request.params[0]);
      return note ? answer(note, request) : envelope(404, 'NOT_FOUND', { message: 'note not found.' });
    };

  const withParagraph = (answer: (one: Paragraph) => HttpReply): Handler =>
    withNote((note, { params }) => {
      const one = note.paragraphs.find(({ id }) => id === params[1]);
      return one ? answer(one) : envelope(404, 'NOT_FOUND', { message: 'paragraph not found.' });
    });

  function start(one: Paragraph): void {
    one.status = 'RUNNING';
    one.started = timers.now();
    timers.after(jobMs, () => {
      if (one.status === 'RUNNING') Object.assign(one, { status: 'FINISHED', finished: timers.now() });
    });
  }

  function stop(one: Paragraph): void {
    if (one.status === 'RUNNING' || one.status === 'PENDING') one.status = 'ABORT';
  }

  const runAll = withNote((note) => {
    if (note.paragraphs.some(({ status }) => status === 'RUNNING'))
      return envelope(412, 'PRECONDITION_FAILED', { message: 'the note is running' });
    note.paragraphs.forEach(start);
    return envelope(200, 'OK');
  });

  const restart: Handler = (request) => {
    const setting = settings.find(({ id }) => id === request.params[0]);
    const wanted = bodyObject(request);
    if (!setting || !wanted) return envelope(404, 'NOT_FOUND', { message: '' });
    restarts.push(setting.name);
    const touched = wanted['noteId'] === undefined ? notes : notes.filter(({ id }) => id === wanted['noteId']);
    for (const one of touched.flatMap(({ paragraphs }) => paragraphs)) if (one.interpreter === setting.name) stop(one);
    return envelope(200, 'OK', { body: settingJson(setting) });
  };

  const logIn: Handler = ({ body }) => {
    const form = new URLSearchParams(body.toString());
    if (login && (form.get('userName') !== login.username || form.get('password') !== login.password))
      return envelope(403, 'FORBIDDEN', { message: '' });
    const session = randomUUID();
    sessions.add(session);
    const principal = form.get('userName') ?? 'anonymous';
    return {
      headers: { 'Set-Cookie': `JSESSIONID=${session}; Path=/; HttpOnly` },
      json: { status: 'OK', message: '', body: { principal, ticket: session, roles: '[]' } },
    };
  };

  const routes = [
    at('GET', '/api/version', () => envelope(200, 'OK', { body: '0.7.2' })),
    at('POST', '/api/login', logIn),
    at('POST', '/api/login/logout', ({ headers }) => {
      sessions.delete(sessionOf(headers.cookie) ?? '');
      return envelope(401, 'UNAUTHORIZED', { message: '' });
    }),
    at('GET', '/api/notebook', () => envelope(200, 'OK', { body: notes.map(({ id, name }) => ({ id, name })) })),
    at(
      'GET',
      '/api/notebook/job/([^/]+)',
      withNote(({ paragraphs }) => envelope(200, 'OK', { body: paragraphs.map(paragraphJson) })),
    ),
    at('POST', '/api/notebook/job/([^/]+)', runAll),
    at(
      'DELETE',
      '/api/notebook/job/([^/]+)',
      withNote(({ paragraphs }) => {
        paragraphs.forEach(stop);
        return envelope(200, 'OK');
      }),
    ),
    at(
      'GET',
      '/api/notebook/job/([^/]+)/([^/]+)',
      withParagraph((one) => envelope(200, 'OK', { body: paragraphJson(one) })),
    ),
    at(
      'POST',
      '/api/notebook/job/([^/]+)/([^/]+)',
      withParagraph((one) => {
        start(one);
        return envelope(200, 'OK');
      }),
    ),
    at(
      'DELETE',
      '/api/notebook/job/([^/]+)/([^/]+)',
      withParagraph((one) => {
        stop(one);
        return envelope(200, 'OK');
      }),
    ),
    at('GET', '/api/interpreter/setting', () => envelope(200, 'OK', { body: settings.map(settingJson) })),
    at('PUT', '/api/interpreter/setting/restart/([^/]+)', restart),
  ];

  // Shiro's `/** = authc` leaves the version open.
  const guard: Service['guard'] = ({ path, headers }) => {
    if (!login || path === '/api/version' || path.startsWith('/api/login')) return undefined;
    if (sessions.has(sessionOf(headers.cookie) ?? '')) return undefined;
    return { status: 302, headers: { Location: `/api/login;JSESSIONID=${randomUUID()}` } };
  };

  return {
    routes,
    guard,
    restarts,
    /** From now on people have to log in; undefined = nobody has to. */
    requireLogin(value: Login | undefined) {
      login = value;
      sessions.clear();
    },
    /** Leaves a paragraph of every note at work for ever. */
    hang() {
      for (const { paragraphs } of notes) if (paragraphs[0]) paragraphs[0].status = 'RUNNING';
    },
  };
}

function envelope(status: number, word: string, more: { message?: string; body?: unknown } = {}): HttpReply {
  return { status, json: { status: word, message: '', ...more } };
}

function paragraphJson({ id, status, started, finished }: Paragraph): Record<string, unknown> {
  return {
    id,
    status,
    progress: status === 'FINISHED' ? '100' : '0',
    ...(started && { started: started.toString() }),
    ...(finished && { finished: finished.toString() }),
  };
}

function settingJson({ id, name, group }: { id: string; name: string; group: string }): Record<string, unknown> {
  return {
    id,
    name,
    group,
    properties: {},
    status: 'READY',
    interpreterGroup: [{ name, class: `org.apache.zeppelin.${group}.Interpreter`, defaultInterpreter: true }],
    dependencies: [],
    option: {
      remote: true,
      port: -1,
      perNote: 'shared',
      perUser: 'shared',
      isExistingProcess: false,
      setPermission: false,
    },
  };
}

function sessionOf(cookie: string | undefined): string | undefined {
  return /(?:^|;\s*)JSESSIONID=([^;]+)/.exec(cookie ?? '')?.[1];
}
