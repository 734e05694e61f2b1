import { type Elf, elfKind, importsOf, parseElf, sectionOf, stringAt } from './elf.ts';
import { Damaged } from './see.ts';
import { signatureOf } from './signature.ts';
import type { ModuleElf } from './types.ts';

const MACHINES: Readonly<Record<number, ModuleElf['machine']>> = { 62: 'x86_64', 183: 'arm64' };

/** Where `struct module` has its name: after a state and a list's two pointers. */
const NAME_OFFSET = 24;

/** Tables of the kernel that published readers patch; each of them keeps the client's address in the socket's sk_user_data. */
const PATCHED_TABLES: readonly string[] = ['inet_stream_ops', 'inet6_stream_ops', 'ipv4_specific', 'ipv6_specific'];

/** What it says of itself; the symbols that it needs are compared by `compare`. */
export async function moduleElf(
  file: Buffer,
  compare: (needs: ModuleNeeds) => Promise<ModuleElf['symbols']>,
): Promise<ModuleElf> {
  if (elfKind(file) === 'other') return { ...NOTHING, symbols: { state: 'absent' } };
  const elf = parseElf(file);
  const info = modinfoOf(elf);
  const imports = importsOf(elf);
  return {
    machine: MACHINES[elf.machine] ?? 'other',
    name: info.get('name')?.[0] ?? structName(elf),
    version: info.get('version')?.[0] ?? '',
    vermagic: info.get('vermagic')?.[0] ?? '',
    parameters: parametersOf(info),
    license: info.get('license')?.[0] ?? '',
    ...signatureOf(file),
    keepsDataInSocket: keepsDataInSocket(elf, imports),
    symbols: await compare({ imports, versions: versionsOf(elf) }),
  };
}

/** Symbols that a module takes from the kernel, and the versions of them that it was built for; none where it has no versions. */
export interface ModuleNeeds {
  readonly imports: readonly string[];
  readonly versions: ReadonlyMap<string, number>;
}

/** Of a module for another word size or byte order: no kernel that is judged here takes it. */
const NOTHING: Omit<ModuleElf, 'symbols'> = {
  machine: 'other',
  name: '',
  version: '',
  vermagic: '',
  parameters: [],
  license: '',
  signed: false,
  signer: null,
  keepsDataInSocket: null,
};

function modinfoOf(elf: Elf): ReadonlyMap<string, readonly string[]> {
  const section = sectionOf(elf, '.modinfo');
  if (section === undefined) throw new Damaged('it is not a kernel module: it has no .modinfo');
  const info = new Map<string, string[]>();
  for (const entry of section.toString('utf8').split('\0')) {
    const [key = '', ...value] = entry.split('=');
    if (key !== '') info.set(key, [...(info.get(key) ?? []), value.join('=')]);
  }
  return info;
}

function structName(elf: Elf): string {
  const section = sectionOf(elf, '.gnu.linkonce.this_module');
  if (section === undefined) throw new Damaged('it is not a kernel module: it has no name');
  return stringAt(section, NAME_OFFSET);
}

/** `parm=NAME:TEXT` and `parmtype=NAME:TYPE`. */
function parametersOf(info: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const lines = [...(info.get('parm') ?? []), ...(info.get('parmtype') ?? [])];
  return [...new Set(lines.map((line) => line.split(':', 1)[0] ?? ''))].sort();
}

/** By what it imports or, where it looks the tables up by name, by their names among its strings. */
function keepsDataInSocket(elf: Elf, imports: readonly string[]): string | null {
  const how: readonly (readonly [string, (table: string) => boolean])[] = [
    ['imports', (table) => imports.includes(table)],
    ['looks up', (table) => stringSections(elf).some((bytes) => bytes.includes(`\0${table}\0`))],
  ];
  for (const [verb, has] of how) {
    const tables = PATCHED_TABLES.filter(has);
    if (tables.length > 0) {
      return `it ${verb} ${tables.join(' and ')}, as readers do that keep the address in sk_user_data`;
    }
  }
  return null;
}

function stringSections(elf: Elf): readonly Buffer[] {
  const sections = elf.sections.filter(({ name }) => name.startsWith('.rodata'));
  return sections.map(({ bytes }) => Buffer.concat([Buffer.alloc(1), bytes]));
}

const VERSION_SIZE = 64;

/** `__versions`: a CRC and a name for each symbol; since 6.14 also as two sections, which take longer names. */
function versionsOf(elf: Elf): ReadonlyMap<string, number> {
  const versions = new Map<string, number>();
  const crcs = sectionOf(elf, '__version_ext_crcs') ?? Buffer.alloc(0);
  const names = (sectionOf(elf, '__version_ext_names') ?? Buffer.alloc(0)).toString('latin1').split('\0');
  for (let index = 0; index * 4 + 4 <= crcs.length; index++) {
    versions.set(names[index] ?? '', crcs.readUInt32LE(index * 4));
  }
  const section = sectionOf(elf, '__versions') ?? Buffer.alloc(0);
  if (section.length % VERSION_SIZE !== 0) throw new Damaged('its table of symbol versions is corrupt');
  for (let at = 0; at < section.length; at += VERSION_SIZE) {
    versions.set(stringAt(section.subarray(at + 8, at + VERSION_SIZE), 0), section.readUInt32LE(at));
  }
  return versions;
}
