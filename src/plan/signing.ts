import type { Method } from '../catalog/methods.ts';
import type { Problem, Wanted } from '../spec/types.ts';
import { settingPath } from './setting.ts';
import type { Plan } from './types.ts';

/** Who signs what is built on the machine; null: nobody. */
export function signingOf(wanted: Wanted, { compiles }: Method): Plan['signing'] {
  const { signing } = wanted;
  if (!signing || !compiles) return null;
  const { key, certificate, onMachine } = signing;
  if (key === undefined || certificate === undefined) return { key: 'made' };
  const brought = { path: key, certificate, at: settingPath(wanted, 'signing') };
  return { key: onMachine ? 'kept' : 'once', brought };
}

/** What is wrong with the setting by itself, and with what is to become of later kernels. */
export function signingProblems(wanted: Wanted, method: Method | undefined): readonly Problem[] {
  const { signing, kernel } = wanted;
  if (!signing) return [];
  const path = settingPath(wanted, 'signing');
  const { key, certificate, onMachine = false } = signing;
  if ((key === undefined) !== (certificate === undefined) || (key === undefined && !onMachine)) {
    const seen =
      key !== undefined ? 'no certificate' : certificate !== undefined ? 'no key' : 'neither key nor certificate';
    return [
      {
        code: 'signing/key',
        severity: 'error',
        path,
        message: `signing has ${seen}; expected both, or onMachine: true alone`,
        hint: 'signing: {onMachine: true} has each machine make a key of its own, which somebody must enrol at its console',
      },
    ];
  }
  if (onMachine || kernel?.onUpgrade === 'hold' || method?.compiles === false) return [];
  return [
    {
      code: 'signing/rebuild',
      severity: 'error',
      path,
      message:
        'kernel.onUpgrade is rebuild, and the key does not stay on the machine: no module for a later kernel could be signed there',
      hint: 'write method: ebpf, which needs no signature, or kernel: {onUpgrade: hold}; or let the key stay by signing.onMachine: true',
    },
  ];
}

/** A setting that nothing carries out must not pass in silence. */
export function signingWarnings(wanted: Wanted, { id, compiles }: Method): readonly Problem[] {
  if (!wanted.signing || compiles) return [];
  return [
    {
      code: 'signing/unused',
      severity: 'warning',
      path: settingPath(wanted, 'signing'),
      message: `signing is set; method ${id} builds no module on the machine, so nothing is signed`,
      hint: 'leave signing out of this target, or write method: module',
    },
  ];
}
