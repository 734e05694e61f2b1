// Builds guest/bpf/toa.bpf from guest/bpf/toa.c with clang: `node scripts/bpf.mjs [FOLDER]` writes it, `--check` fails where it is another.
// The object is text, so that it can travel like every other file of guest/ and a change of it can be read: a line a map, a line a
// program, a line an instruction, and beside an instruction the map that it names.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FOLDER = 'guest/bpf';

/** The compiler whose output is checked in: Debian 12's. Another writes other instructions for the same source. */
export const CLANG = 'clang-14';

/** Loops stay loops: every kernel that is meant follows them, and unrolled they would travel. */
const FLAGS = '-target bpf -mcpu=v2 -O2 -g0 -fno-unroll-loops -fno-ident -Wall -Wextra -Werror'.split(' ');

const HEAD = [
  '# SPDX-License-Identifier: GPL-2.0-only',
  '# toa.c, compiled: build HASH, map NAME TYPE KEY VALUE ENTRIES FLAGS, program NAME TYPE ATTACH, and instructions.',
];

/** ELF section: program type and attach type (enum bpf_prog_type, enum bpf_attach_type). */
const PROGRAMS = {
  sockops: [13, 3],
  'cgroup/getpeername4': [18, 29],
  'cgroup/getpeername6': [18, 30],
};

const INSTRUCTION = 8;
const CALL = 0x85;
const LOAD_WIDE = 0x18;
const PSEUDO = 1;

/** The object of the source in `folder`, as text. */
function buildObject(folder) {
  const output = mkdtempSync(join(tmpdir(), 'toa-bake-bpf-'));
  try {
    const elf = join(output, 'toa.o');
    const machine = execFileSync('gcc', ['-print-multiarch'], { encoding: 'utf8' }).trim();
    execFileSync(CLANG, [...FLAGS, '-I', `/usr/include/${machine}`, '-c', join(folder, 'toa.c'), '-o', elf]);
    return render(readElf(readFileSync(elf)));
  } finally {
    rmSync(output, { recursive: true });
  }
}

/** Sections by name, and symbols: what of a 64-bit little-endian ELF file is wanted. */
function readElf(file) {
  const at = Number(file.readBigUInt64LE(40));
  const headers = Array.from({ length: file.readUInt16LE(60) }, (_, i) =>
    file.subarray(at + 64 * i, at + 64 * (i + 1)),
  );
  const bodies = headers.map((header) => {
    const start = Number(header.readBigUInt64LE(24));
    return file.subarray(start, start + Number(header.readBigUInt64LE(32)));
  });
  const text = (table, offset) => table.toString('latin1', offset, table.indexOf(0, offset));
  const names = bodies[file.readUInt16LE(62)];
  const sections = new Map(
    headers.map((header, i) => [text(names, header.readUInt32LE(0)), { body: bodies[i], index: i }]),
  );
  const strings = sections.get('.strtab').body;
  const symbols = rows(sections.get('.symtab').body, 24).map((row) => ({
    name: text(strings, row.readUInt32LE(0)),
    section: row.readUInt16LE(6),
    value: Number(row.readBigUInt64LE(8)),
  }));
  return { sections, symbols };
}

function rows(body, size) {
  return Array.from({ length: body.length / size }, (_, i) => body.subarray(i * size, (i + 1) * size));
}

function render({ sections, symbols }) {
  const inSection = (name) => symbols.filter(({ name: own, section }) => own && section === sections.get(name)?.index);
  const maps = inSection('maps').sort((a, b) => a.value - b.value);
  const definitions = maps.map(({ name, value }) => {
    const words = Array.from({ length: 5 }, (_, i) => sections.get('maps').body.readUInt32LE(value + 4 * i));
    return `map ${name} ${words.join(' ')}`;
  });
  const programs = Object.entries(PROGRAMS).flatMap(([section, types]) => {
    const name = inSection(section).find((symbol) => !symbol.name.startsWith('LBB')).name;
    return [`program ${name} ${types.join(' ')}`, ...link(sections, symbols, section)];
  });
  const body = [...definitions, ...programs].join('\n');
  const build = createHash('sha256').update(body).digest('hex').slice(0, 8);
  return `${[...HEAD, `build ${build}`, body].join('\n')}\n`;
}

/** A program's instructions, with the functions that it shares with others behind it. */
function link(sections, symbols, section) {
  const parts = [section, '.text'].map((name) => ({
    code: rows(Buffer.from(sections.get(name).body), INSTRUCTION),
    relocations: rows(sections.get(`.rel${name}`)?.body ?? Buffer.alloc(0), 16),
  }));
  const [own, shared] = parts;
  const maps = new Map();
  const calls = own.code.some((instruction) => instruction[0] === CALL && instruction[1] >> 4 === PSEUDO);
  for (const part of calls ? parts : [own]) {
    const start = part === own ? 0 : own.code.length;
    for (const row of part.relocations) {
      const index = Number(row.readBigUInt64LE(0)) / INSTRUCTION;
      const symbol = symbols[row.readUInt32LE(12)];
      const instruction = part.code[index];
      if (instruction[0] === LOAD_WIDE) {
        instruction[1] |= PSEUDO << 4;
        maps.set(start + index, symbol.name);
      } else if (instruction[0] === CALL && symbol.section === sections.get('.text').index) {
        const target = symbol.value / INSTRUCTION + instruction.readInt32LE(4) + 1;
        instruction.writeInt32LE(own.code.length + target - (start + index + 1), 4);
      } else throw new Error(`${section}: a relocation of ${symbol.name} that is not known`);
    }
  }
  const code = calls ? [...own.code, ...shared.code] : own.code;
  return code
    .map((instruction, i) => `${instruction.toString('hex')}${maps.has(i) ? ` ${maps.get(i)}` : ''}`)
    .filter((_, i) => !maps.has(i - 1));
}

/** Whether the object is what its source gives; says so where not. */
export function isAsBuilt(folder = FOLDER) {
  const object = join(folder, 'toa.bpf');
  const same = buildObject(folder) === readFileSync(object, 'utf8');
  if (!same) console.error(`${object} is not what ${CLANG} makes of its source; node scripts/bpf.mjs writes it`);
  return same;
}

if (process.argv[1]?.endsWith('scripts/bpf.mjs')) {
  const [folder = FOLDER] = process.argv.slice(2).filter((word) => word !== '--check');
  if (!process.argv.includes('--check')) writeFileSync(join(folder, 'toa.bpf'), buildObject(folder));
  else if (!isAsBuilt(folder)) process.exitCode = 1;
}
