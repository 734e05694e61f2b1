import type { Reader } from '../../image/types.ts';
import { look, namesIn, pathsIn, seen, statOf, type TextFile, textsOf } from '../see.ts';
import type { Loader } from '../types.ts';
import { loadsOf } from './script.ts';
import { type Hindrance, type Systemd, UNIT_DIRECTORIES, unitHindrance, unitOf } from './systemd.ts';

const [OWN = '/etc/systemd/system', ...SHIPPED] = UNIT_DIRECTORIES;

/** Scripts of a unit are followed where people put their own. */
const OWN_SCRIPT = /^Exec\w+=[-@:+!]*(?:\/(?:usr)?\/?bin\/(?:ba)?sh\s+)?(\/(?:etc|opt|root|srv|usr\/local)\/\S+)/gm;

/**
 * Units that load a reader: all in /etc, with what is dropped into others there, and of those that the distribution brings the
 * ones that are enabled or are named after a reader.
 */
export async function unitLoaders(reader: Reader, systemd: Systemd): Promise<readonly Loader[]> {
  const found: Loader[] = [];
  const own = new Set<string>();
  const files = await unitTexts(reader, systemd);
  const emptied = new Set(files.filter(isEmptying).map(({ path }) => unitOf(path)));
  for (const file of files) {
    const unit = unitOf(file.path);
    const isWhole = !isDropIn(file.path);
    if (isWhole && (own.has(unit) || emptied.has(unit))) continue;
    if (isWhole) own.add(unit);
    const load =
      loadsOf({ ...file, text: file.text.replace(/^Exec\w+=[-@:+!]*/gm, ' ') }) ?? (await throughScript(reader, file));
    // A unit of that name is the distribution's reader, whatever its program does.
    const named =
      unit === 'vtoa.service'
        ? { evidence: { path: file.path, line: 0, text: unit }, loads: ['vtoa'], needs: [] }
        : null;
    const loads = load ?? named;
    if (loads === null) continue;
    const { path, line } = loads.evidence.line === 0 ? { path: file.path, line: 0 } : loads.evidence;
    found.push({
      kind: 'unit',
      path,
      line,
      text: lineOf(file, path, line, loads.evidence.text),
      loads: loads.loads,
      needs: loads.needs,
      hindrance: await look(async () => unitHindrance(systemd, unit) ?? unmetCondition(reader, files, unit)),
    });
  }
  return found;
}

function lineOf(file: TextFile, path: string, line: number, text: string): string {
  return path === file.path && line > 0 ? (file.text.split('\n')[line - 1] ?? '').trim().slice(0, 500) : text;
}

async function unitTexts(reader: Reader, { wanted }: Systemd): Promise<readonly TextFile[]> {
  const own = await pathsIn(reader, OWN, /\.service$/);
  const dropped: string[] = [];
  for (const name of await namesIn(reader, OWN)) {
    if (name.endsWith('.service.d')) dropped.push(...(await pathsIn(reader, `${OWN}/${name}`, /\.conf$/)));
  }
  const shipped: string[] = [];
  for (const directory of SHIPPED) {
    for (const name of await namesIn(reader, directory)) {
      if (name.endsWith('.service') && (/toa/.test(name) || wanted.has(name))) shipped.push(`${directory}/${name}`);
    }
  }
  return textsOf(reader, [...own, ...dropped, ...shipped]);
}

async function throughScript(reader: Reader, { path, text }: TextFile): Promise<ReturnType<typeof loadsOf>> {
  const scripts = [...text.matchAll(OWN_SCRIPT)].map(([, script = '']) => script.replace(/[;"']+$/, ''));
  for (const script of scripts) {
    const stat = await reader.stat(script);
    // Programs are no scripts.
    if (seen(stat)?.type !== 'file' || (stat.state === 'known' && stat.value.size > 256 * 1024)) continue;
    const [file] = await textsOf(reader, [script]);
    const load = file && loadsOf(file);
    if (load) return { ...load, evidence: { path, line: 0, text: `runs ${script}: ${load.evidence.text}` } };
  }
  return null;
}

function isDropIn(path: string): boolean {
  return /\.d\/[^/]+$/.test(path);
}

/** An empty `ExecStart=` takes away what the unit's own file would start. */
function isEmptying({ path, text }: TextFile): boolean {
  return isDropIn(path) && /^ExecStart=\s*$/m.test(text);
}

/** What comes to be only when the machine runs says nothing here. */
const LIVE_PATH = /^\/(?:proc|sys|run|dev)\//;

async function unmetCondition(
  reader: Reader,
  files: readonly TextFile[],
  unit: string,
): Promise<Hindrance | undefined> {
  const text = files.flatMap((file) => (unitOf(file.path) === unit ? file.text : [])).join('\n');
  for (const [line, not, path = ''] of text.matchAll(/^(?:Condition|Assert)PathExists=(!?)(\/\S+)/gm)) {
    if (LIVE_PATH.test(path)) continue;
    const isThere = (await statOf(reader, path)) !== undefined;
    if (isThere === (not === '!')) return { kind: 'not-enabled', why: `${unit} is skipped: ${line} does not hold` };
  }
  return undefined;
}
