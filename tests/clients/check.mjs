// One run for all pages: reads {"mjml": {name: source}, "html": {name: page}} from stdin, and writes to stdout
// what MJML's own compiler makes of each source in strict mode, and what the big clients do not know of each page.
import { text } from 'node:stream/consumers';

import { caniemail } from 'caniemail';
import mjml2html from 'mjml';

const CLIENTS = ['gmail.*', 'apple-mail.*', 'outlook.*', 'yahoo.*'];

async function compile(source) {
  try {
    const { html, errors } = await mjml2html(source, { validationLevel: 'strict', fonts: {} });
    return { html, errors: errors.map((error) => error.formattedMessage) };
  } catch (error) {
    return { html: '', errors: [error.message] };
  }
}

function unsupported(html) {
  const found = {};
  for (const [client, issues] of caniemail({ clients: CLIENTS, html }).issues.errors) {
    for (const { title } of issues) (found[title] ??= new Set()).add(client);
  }
  return Object.fromEntries(Object.entries(found).map(([title, clients]) => [title, [...clients].sort()]));
}

const asked = JSON.parse(await text(process.stdin));
const answer = { mjml: {}, unsupported: {} };
for (const [name, source] of Object.entries(asked.mjml)) answer.mjml[name] = await compile(source);
for (const [name, html] of Object.entries(asked.html)) answer.unsupported[name] = unsupported(html);
process.stdout.write(JSON.stringify(answer));
