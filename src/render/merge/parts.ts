import type { Problem } from '../../spec/types.ts';
import { isMime, type Leaf, readMime } from './mime.ts';
import { isRefusal, refuse } from './refuse.ts';
import { gunzip } from './unpack.ts';
import { readYaml } from './yaml.ts';

/** One thing that cloud-init will handle, of the type that cloud-init will see in it. */
export interface Part {
  readonly type: string;
  readonly text: string;
  readonly filename: string | undefined;
  /** For messages: the file's name, or which part of it. */
  readonly label: string;
  /** As in a leaf of MIME. */
  readonly garbled: boolean;
}

/** What cloud-init knows by the beginning, in any case, after white space; a longer one first. */
const BEGINNINGS = {
  '#cloud-config-archive': 'text/cloud-config-archive',
  '#cloud-config-jsonp': 'text/cloud-config-jsonp',
  '## template: jinja': 'text/jinja2',
  '#cloud-boothook': 'text/cloud-boothook',
  '#include-once': 'text/x-include-once-url',
  '#cloud-config': 'text/cloud-config',
  '#part-handler': 'text/part-handler',
  '#upstart-job': 'text/upstart-job',
  '#include': 'text/x-include-url',
  '#!': 'text/x-shellscript',
} as const;

/** The type that cloud-init gives to text that states none; undefined: it ignores the text. */
export function typeOf(text: string): string | undefined {
  // Python's white space: without the byte order mark that JavaScript counts as one.
  const begin = text.replace(/^[ \t\n\v\f\r]+/, '').toLowerCase();
  return Object.entries(BEGINNINGS).find(([word]) => begin.startsWith(word))?.[1];
}

/** What stands in the user's file. */
export interface Theirs {
  /** Whether it is one MIME message already. */
  readonly mime: boolean;
  readonly parts: readonly Part[];
}

/** The parts that cloud-init will find in the user's unpacked user-data. */
export function readParts(text: string, name: string): Theirs | Problem {
  const mime = isMime(text);
  const outer = mime ? readLeaves(text, name) : readPlain(text, name);
  if (isRefusal(outer)) return outer;
  const parts = outer.map((part) => (part.type === 'text/cloud-config-archive' ? readArchive(part) : [part]));
  return parts.find(isRefusal) ?? { mime, parts: parts.flatMap((some) => (isRefusal(some) ? [] : some)) };
}

function readPlain(text: string, name: string): readonly Part[] | Problem {
  const type = typeOf(text);
  if (type) return [{ type, text, filename: undefined, label: name, garbled: false }];
  const [first = ''] = text.split('\n');
  return refuse(
    'merge/unknown',
    `${name} begins with ${seen(first)}, by which cloud-init knows no kind of user-data: it would ignore all of it`,
    'the first line must say what it is: #cloud-config, #!/bin/sh, #include, ## template: jinja, or the headers of a MIME message',
  );
}

function seen(line: string): string {
  if (line.startsWith('\uFEFF')) return 'a byte order mark';
  if (line.trim() === '') return 'an empty line';
  return JSON.stringify(line.slice(0, 60)) + (/^content-type:/i.test(line) ? ' and has no MIME-Version near it' : '');
}

/** Types of MIME parts in which cloud-init looks for itself. */
const UNSURE = ['text/plain', 'text/x-not-multipart', 'text/x-shellscript'];
const GZIP = /^application\/(?:gzip(?:-compressed|ped)?|x-compress(?:ed)?|x-gunzip|x-gzip(?:-compressed)?)$/;

function readLeaves(text: string, name: string): readonly Part[] | Problem {
  const leaves = readMime(text, name);
  if (isRefusal(leaves)) return leaves;
  if (leaves.length === 0)
    return refuse('merge/empty', `${name} is a MIME message without parts`, 'render without --merge');
  const parts = leaves.map((leaf, i) => readLeaf(leaf, `part ${i + 1} of ${name}`));
  return parts.find(isRefusal) ?? parts.flatMap((part) => (isRefusal(part) ? [] : part));
}

function readLeaf({ type, filename, body, garbled }: Leaf, label: string): Part | Problem {
  const isPacked = GZIP.test(type);
  const content = isPacked ? gunzip(body) : body;
  if (content === undefined)
    return refuse('merge/mime', `${label} is no gzip, though its type says so`, 'cloud-init would drop all user-data');
  const text = Buffer.from(content).toString('utf8');
  const stated = isPacked ? 'text/plain' : type;
  return { type: UNSURE.includes(stated) ? (typeOf(text) ?? stated) : stated, text, filename, label, garbled };
}

/** A list whose entries are parts: text, or mappings of content, type and filename. They are not looked into any further. */
function readArchive({ text, label }: Part): readonly Part[] | Problem {
  const entries = readYaml(text, label, 'list');
  if (isRefusal(entries)) return entries;
  return (entries.data as readonly unknown[]).flatMap((entry, i) => {
    const { content, type, filename } = typeof entry === 'string' ? { content: entry } : asRecord(entry);
    if (typeof content !== 'string') return [];
    return {
      type: typeof type === 'string' ? type : (typeOf(content) ?? 'text/cloud-config'),
      text: content,
      filename: typeof filename === 'string' ? filename : undefined,
      label: `entry ${i + 1} of ${label}`,
      garbled: false,
    };
  });
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
