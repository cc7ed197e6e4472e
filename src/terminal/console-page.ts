/** The page of the local console: a list of what was said and answered, and a line to type into. */
export const CONSOLE_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Stars console</title>
<style>
  body { margin: 0 auto; max-width: 60rem; padding: 1rem 1rem 6rem; font: 16px/1.5 system-ui, sans-serif; color: #1d1c1d; }
  .said { margin: 1.5rem 0 0.25rem; font-weight: 600; }
  pre { margin: 0.25rem 0; padding: 0.5rem 0.75rem; white-space: pre-wrap; overflow-wrap: anywhere; border-left: 3px solid #ccc; font: 14px/1.5 ui-monospace, monospace; }
  pre + pre { margin-left: 1.5rem; }
  form { position: fixed; inset: auto 0 0; padding: 0.75rem 1rem; background: #fff; border-top: 1px solid #ddd; display: flex; gap: 0.5rem; }
  label { align-self: center; } input { flex: 1; font: inherit; padding: 0.4rem; } button { font: inherit; }
</style>
</head>
<body>
<h1>Stars</h1>
<p>This console is open because no Slack is configured. Type <code>help</code>, or <code>deploy workers sandbox</code>.</p>
<main id="thread" aria-live="polite"></main>
<form id="form"><label for="line">/stars</label><input id="line" autocomplete="off" autofocus><button>Send</button></form>
<script>
  const thread = document.getElementById('thread');
  const line = document.getElementById('line');
  let before = '';
  async function refresh() {
    try {
      const text = await (await fetch('/console/thread')).text();
      if (text !== before) {
        before = text;
        thread.replaceChildren(...JSON.parse(text).flatMap(({ said, parts }) => [element('div', said, 'said'), ...parts.map((part) => element('pre', part))]));
        scrollTo(0, document.body.scrollHeight);
      }
    } finally { setTimeout(refresh, 1000); }
  }
  function element(name, text, kind) {
    const made = document.createElement(name);
    made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }
  document.getElementById('form').addEventListener('submit', async (event) => {
    event.preventDefault();
    const text = line.value.trim();
    if (text === '') return;
    line.value = '';
    await fetch('/console/say', { method: 'POST', body: text, headers: { 'x-stars-console': '1' } });
  });
  refresh();
</script>
</body>
</html>
`;
