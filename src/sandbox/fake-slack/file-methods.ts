import { optionalText, text, type Method } from './method.js';
import { refuse } from './refusal.js';
import { BOT, type Workspace } from './workspace.js';

const MAX_FILES = 200;

export type FakeFile = {
  id: string;
  name: string;
  length: number;
  bytes: Buffer | undefined;
  title: string | undefined;
  alt: string | undefined;
};

export type Files = ReturnType<typeof createFiles>;

/** Files between the three steps of an upload and afterwards. */
export function createFiles(uploadUrl: (id: string) => string) {
  const files = new Map<string, FakeFile>();

  function reserve({ name, length, alt }: Pick<FakeFile, 'name' | 'length' | 'alt'>): { id: string; url: string } {
    const id = `F${String(files.size + 1).padStart(8, '0')}`;
    if (files.size >= MAX_FILES) refuse('storage_limit_reached');
    files.set(id, { id, name, length, bytes: undefined, title: undefined, alt });
    return { id, url: uploadUrl(id) };
  }

  return { all: files, reserve };
}

export function fileMethods(workspace: Workspace, files: Files): Record<string, Method> {
  const scopes = ['files:write'];
  return {
    'files.getUploadURLExternal': {
      scopes,
      call: (args) => {
        const length = Number(args['length']);
        if (!Number.isInteger(length) || length <= 0) refuse('invalid_arguments');
        const { id, url } = files.reserve({ name: text(args, 'filename'), length, alt: optionalText(args, 'alt_txt') });
        return { upload_url: url, file_id: id };
      },
    },
    'files.completeUploadExternal': {
      scopes,
      call: (args) => {
        const done = listed(args['files']).map(({ id, title }) => {
          const file = files.all.get(id);
          if (!file?.bytes) return refuse('file_not_found');
          file.title = title ?? file.name;
          return { id, title: file.title };
        });
        const channelId = optionalText(args, 'channel_id');
        if (channelId) {
          const channel = workspace.writableByBot(channelId).id;
          const words = optionalText(args, 'initial_comment') ?? done.map(({ title }) => title).join(', ');
          const made = {
            text: words,
            blocks: undefined,
            metadata: undefined,
            user: BOT.id,
            byBot: true,
            onlyFor: undefined,
          };
          workspace.add({ ...made, files: done, channel, threadTs: optionalText(args, 'thread_ts') });
        }
        return { files: done };
      },
    },
  };
}

function listed(value: unknown): { id: string; title?: string }[] {
  const ok = Array.isArray(value) && value.length > 0 && value.every((item) => typeof item?.id === 'string');
  return ok ? (value as { id: string; title?: string }[]) : refuse('invalid_arguments');
}
