/** Templates are compiled when the program is bundled: see scripts/templates.mjs. */
declare module '*.hbs' {
  // biome-ignore lint/style/noDefaultExport: a template is all that its module is
  export default function fill(words: unknown): string;
}
