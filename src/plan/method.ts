import { PROVEN } from '../catalog/kernels.ts';
import { EXCLUSIONS, METHODS, type Method } from '../catalog/methods.ts';
import type { Problem, Wanted } from '../spec/types.ts';
import { isWithin } from './series.ts';
import { settingPath } from './setting.ts';
import type { Target } from './targets.ts';

/** The method for a target, or why none can be named. */
export type MethodChoice =
  | { readonly method: Method; readonly proven: boolean; readonly why: string }
  | { readonly problem: Problem };

/** Settles `method` for one target: what the user named if the target can have it, else the first that `auto` may pick. */
export function chooseMethod(wanted: Wanted, target: Target): MethodChoice {
  const asked = wanted.method ?? 'auto';
  return asked === 'auto' ? pickMethod(wanted, target) : checkMethod(asked, wanted, target);
}

/** Why the target cannot have the method, if so. */
export function excludedBecause(method: string, target: Target): string | undefined {
  return EXCLUSIONS.find((row) => row.method === method && !row.except.some((glob) => matchesGlob(target.id, glob)))
    ?.reason;
}

/** The methods that this release can carry out on the target. */
export function availableMethods(target: Target): readonly string[] {
  return METHODS.filter((m) => !excludedBecause(m.id, target)).map((m) => m.id);
}

/** `*` and `?` as in a shell's patterns. */
export function matchesGlob(text: string, glob: string): boolean {
  const pattern = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${pattern}$`).test(text);
}

function checkMethod(asked: Method['id'], wanted: Wanted, target: Target): MethodChoice {
  const reason = excludedBecause(asked, target);
  const choices = `methods for ${target.id}: ${availableMethods(target).join(', ')}`;
  if (reason) {
    return fail(
      wanted,
      'target/method',
      `method ${asked} cannot be had on ${target.id}: ${reason}; expected another method`,
      choices,
    );
  }
  const method = methodOf(asked);
  return refuseUnsigned(method, wanted, target) ?? { method, ...named(method, wanted, target) };
}

/** How far a method that the spec names was proven. */
function named(method: Method, wanted: Wanted, target: Target): { readonly proven: boolean; readonly why: string } {
  if (!PROVEN[method.id])
    return { proven: false, why: 'the spec names it; unproven, since no test of ours has loaded it' };
  const outside = unprovenSeries(method, target, wanted);
  if (outside.length === 0) return { proven: true, why: 'the spec names it' };
  const why = `the spec names it; unproven on ${outside.join(', ')}, which no test of ours has booted`;
  return { proven: false, why };
}

/** `auto` never guesses: it picks what was proven on every kernel series of the target, or says what the user may choose. */
function pickMethod(wanted: Wanted, target: Target): MethodChoice {
  const { vendorReader } = target;
  if (vendorReader) {
    const why = `${target.name} has a reader of its own, package ${vendorReader.package}; unproven, since no test of ours has loaded it`;
    return { method: methodOf('vtoa'), proven: false, why };
  }
  const method = methodOf(wanted.secureBoot === 'enforced' && !wanted.signing ? 'ebpf' : 'module');
  const unfit = refuseUnsigned(methodOf('module'), wanted, target);
  if (unfit && excludedBecause(method.id, target)) return unfit;
  const outside = unprovenSeries(method, target, wanted);
  if (outside.length > 0) {
    return fail(
      wanted,
      'target/no-method',
      `method auto has no proven answer for ${target.id} (${archOf(wanted)}): kernel series ${outside.join(', ')} ${outside.length > 1 ? 'were' : 'was'} not booted in our tests`,
      `name one yourself: method: ${availableMethods(target).join(' or ')} (the plan will say that it is unproven)`,
    );
  }
  const range = PROVEN[method.id]?.[archOf(wanted)];
  const unsigned = unfit ? 'secureBoot is enforced, and programs need no signature; ' : '';
  return {
    method,
    proven: true,
    why: `${unsigned}kernel series ${target.kernels.join(', ')} lie in ${range?.from} to ${range?.to}, which our tests boot`,
  };
}

function methodOf(id: Method['id']): Method {
  const method = METHODS.find((row) => row.id === id);
  if (!method) throw new Error(`the catalog has no method ${id}`);
  return method;
}

function refuseUnsigned(method: Method, wanted: Wanted, target: Target): MethodChoice | undefined {
  const { id, unsigned, compiles } = method;
  if (wanted.secureBoot !== 'enforced' || !unsigned || (wanted.signing && compiles)) return undefined;
  const why = compiles ? 'the spec has no signing' : `what method ${id} installs is not built on the machine`;
  const sign = `${compiles ? '' : 'method: module and '}signing: {key: …, certificate: …}`;
  return fail(
    wanted,
    'target/secure-boot',
    `secureBoot is enforced on ${target.id}: its kernel refuses an unsigned module, and ${why}`,
    excludedBecause('ebpf', target)
      ? `write ${sign}; or switch Secure Boot off for these machines`
      : `write method: ebpf, which is no module, or ${sign}`,
  );
}

function unprovenSeries({ id }: Method, target: Target, wanted: Wanted): readonly string[] {
  const range = PROVEN[id]?.[archOf(wanted)];
  return target.kernels.filter((series) => !range || !isWithin(series, range));
}

function archOf(wanted: Wanted): 'x86_64' | 'arm64' {
  return wanted.arch ?? 'x86_64';
}

function fail(wanted: Wanted, code: Problem['code'], message: string, hint: string): MethodChoice {
  const path = settingPath(wanted, code === 'target/secure-boot' ? 'secureBoot' : 'method');
  return { problem: { code, severity: 'error', path, message, hint } };
}
