/** Templates are bundled as text. */
declare module '*.hbs' {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: the bundler's text loader gives one
  export default text;
}
