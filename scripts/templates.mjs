// Handlebars templates as modules of one function: its parser, 25 ms of start-up, stays at home.

import { readFileSync } from 'node:fs';
import Handlebars from 'handlebars';

/** A template's text as a JavaScript module. Only HTML and XML are escaped as such. */
export function templateModule(path, text) {
  const noEscape = !/\.(html|xml)\.hbs$/.test(path);
  return `import Handlebars from 'handlebars/runtime.js';\nexport default Handlebars.template(${Handlebars.precompile(text, { strict: true, noEscape })});\n`;
}

/** For esbuild. */
export const templates = {
  name: 'templates',
  setup({ onLoad }) {
    onLoad({ filter: /\.hbs$/ }, ({ path }) => ({ contents: templateModule(path, readFileSync(path, 'utf8')) }));
  },
};
