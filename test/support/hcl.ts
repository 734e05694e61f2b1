/** HashiCorp's own parser of HCL, as WebAssembly. Required, not imported: its types bring those of the browser along. */

import { createRequire } from 'node:module';

interface Parser {
  parse(filename: string, text: string): Promise<Record<string, unknown>>;
}

const parser: Parser = createRequire(import.meta.url)('@cdktn/hcl2json');

/** A file's blocks and attributes as data; text is given as templates, a literal `${` as `$${`. Throws where it is no HCL. */
export const parseHcl: Parser['parse'] = (filename, text) => parser.parse(filename, text);
