import type { Reader } from '../image/types.ts';
import { bootFacts } from './boot/index.ts';
import { buildFacts } from './build.ts';
import { cloudInitFacts } from './cloud-init.ts';
import { dkmsModules } from './dkms.ts';
import { firewallFacts } from './firewall.ts';
import { holders } from './holders.ts';
import { hygieneFacts } from './hygiene.ts';
import { kernels } from './kernels.ts';
import { loaders } from './loaders/index.ts';
import { modprobeFacts } from './modprobe.ts';
import { machineOf, osRelease } from './os.ts';
import { packageFacts } from './packages.ts';
import { runningFacts } from './running.ts';
import { secureBootFacts } from './secure-boot.ts';
import { setupFacts } from './setup.ts';
import type { Facts } from './types.ts';

/** Looks at everything that is judged. Nothing is judged here: what cannot be looked at is unknown, and says why. */
export async function collect(reader: Reader): Promise<Facts> {
  const boot = bootFacts(reader);
  const machine = machineOf(reader);
  const parts = {
    os: osRelease(reader),
    machine,
    kernels: kernels(reader),
    boot,
    modprobe: modprobeFacts(reader),
    loaders: loaders(reader),
    setup: setupFacts(reader),
    dkms: dkmsModules(reader),
    build: buildFacts(reader),
    packages: packageFacts(reader),
    firewall: firewallFacts(reader),
    secureBoot: boot.then((found) => secureBootFacts(reader, found)),
    cloudInit: boot.then((found) => cloudInitFacts(reader, found)),
    hygiene: hygieneFacts(reader),
    holders: holders(reader),
    running: machine.then((found) => runningFacts(reader, found)),
  };
  // All begin before one is waited for.
  await Promise.all(Object.values(parts));
  return {
    facts: 1,
    source: { what: reader.what, kind: reader.kind, live: reader.live },
    os: await parts.os,
    machine: await parts.machine,
    kernels: await parts.kernels,
    boot: await parts.boot,
    modprobe: await parts.modprobe,
    loaders: await parts.loaders,
    setup: await parts.setup,
    dkms: await parts.dkms,
    build: await parts.build,
    packages: await parts.packages,
    firewall: await parts.firewall,
    secureBoot: await parts.secureBoot,
    cloudInit: await parts.cloudInit,
    hygiene: await parts.hygiene,
    holders: await parts.holders,
    running: await parts.running,
  };
}
