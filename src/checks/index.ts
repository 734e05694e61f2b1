import type { Facts } from '../facts/types.ts';
import { bootDefaultUnknown } from './boot-default-unknown.ts';
import { bootFileMissing } from './boot-file-missing.ts';
import { bootFileNotExecutable } from './boot-file-not-executable.ts';
import { bootFileUnread } from './boot-file-unread.ts';
import { bootLoadCrashed } from './boot-load-crashed.ts';
import { bootNotEnabled } from './boot-not-enabled.ts';
import { bootOtherModule } from './boot-other-module.ts';
import { firewallNotLoaded } from './firewall-not-loaded.ts';
import { firewallUnparsable } from './firewall-unparsable.ts';
import { imageAuthorizedKeys } from './image-authorized-keys.ts';
import { imageHistory } from './image-history.ts';
import { imageHostKeys } from './image-host-keys.ts';
import { imageInstanceState } from './image-instance-state.ts';
import { imageLeftovers } from './image-leftovers.ts';
import { imageMachineId } from './image-machine-id.ts';
import { imageUnreadable } from './image-unreadable.ts';
import { kernelHold } from './kernel-hold.ts';
import { kernelImage } from './kernel-image.ts';
import { kernelMissing } from './kernel-missing.ts';
import { ifKnown, isSurelyAbsent, orElse } from './look.ts';
import { modprobeBlacklisted } from './modprobe-blacklisted.ts';
import { modprobeInstallLine } from './modprobe-install-line.ts';
import { moduleArch } from './module-arch.ts';
import { moduleCorrupt } from './module-corrupt.ts';
import { moduleMissingDefault } from './module-missing-default.ts';
import { moduleMissingOther } from './module-missing-other.ts';
import { moduleName } from './module-name.ts';
import { moduleShadowed } from './module-shadowed.ts';
import { moduleStaleIndex } from './module-stale-index.ts';
import { moduleSymbols } from './module-symbols.ts';
import { moduleUnsigned } from './module-unsigned.ts';
import { moduleVermagic } from './module-vermagic.ts';
import { optionKind } from './option-kind.ts';
import { optionUnknown } from './option-unknown.ts';
import { packagesHalfInstalled } from './packages-half-installed.ts';
import { readerSocketData } from './reader-socket-data.ts';
import { readerTwoActive } from './reader-two-active.ts';
import { rebuildCompiler } from './rebuild-compiler.ts';
import { rebuildHeaders } from './rebuild-headers.ts';
import { rebuildHook } from './rebuild-hook.ts';
import { receiptContradicts } from './receipt-contradicts.ts';
import { receiptFailed } from './receipt-failed.ts';
import { runningNotLoaded } from './running-not-loaded.ts';
import { runningProbe } from './running-probe.ts';
import { runningPrograms } from './running-programs.ts';
import { setupIncomplete } from './setup-incomplete.ts';
import { trustAny } from './trust-any.ts';
import { trustDiffers } from './trust-differs.ts';
import { trustMissing } from './trust-missing.ts';
import { trustUnfiltered } from './trust-unfiltered.ts';
import type { Check, Expectation, Finding } from './types.ts';

/** Every check, in the order in which reports show them: what is there, how it starts, whom it believes, how it lasts. */
export const CHECKS: readonly Check[] = [
  imageUnreadable,
  kernelMissing,
  bootDefaultUnknown,
  kernelImage,
  moduleMissingDefault,
  moduleMissingOther,
  moduleCorrupt,
  moduleArch,
  moduleVermagic,
  moduleName,
  moduleSymbols,
  moduleShadowed,
  moduleStaleIndex,
  moduleUnsigned,
  readerTwoActive,
  readerSocketData,
  bootFileMissing,
  bootFileUnread,
  bootFileNotExecutable,
  bootNotEnabled,
  bootOtherModule,
  bootLoadCrashed,
  setupIncomplete,
  modprobeBlacklisted,
  modprobeInstallLine,
  optionKind,
  optionUnknown,
  trustMissing,
  trustAny,
  trustDiffers,
  trustUnfiltered,
  firewallUnparsable,
  firewallNotLoaded,
  rebuildCompiler,
  rebuildHeaders,
  rebuildHook,
  kernelHold,
  receiptContradicts,
  receiptFailed,
  packagesHalfInstalled,
  imageHostKeys,
  imageMachineId,
  imageAuthorizedKeys,
  imageHistory,
  imageInstanceState,
  imageLeftovers,
  runningNotLoaded,
  runningPrograms,
  runningProbe,
];

/** What every check says of a machine; of what is none, only that: there is nothing that could hold or fail. */
export function judge(facts: Facts, expected: Expectation): readonly Finding[] {
  return (isMachine(facts) ? CHECKS : [imageUnreadable]).flatMap(({ code, severity, judge: check }) =>
    check(facts, expected).map((verdict) => ({ code, severity, evidence: [], ...verdict })),
  );
}

/** An empty directory has neither a name nor a kernel. What could not be looked at may have both. */
function isMachine({ os, kernels }: Facts): boolean {
  return !isSurelyAbsent(os) || ifKnown(orElse(kernels, []))?.length !== 0;
}
