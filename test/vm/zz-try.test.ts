import { it } from 'vitest';
import { BUILD_PACKAGES, debianDisk } from '../support/disk.ts';
import { bootMachine } from '../support/machine.ts';
it('bare', async () => {
    let t = Date.now();
    const lap = (s: string) => { console.log(s, Date.now() - t); t = Date.now(); };
    const disk = await debianDisk({ suite: 'bookworm', packages: [] });
    const build = debianDisk({ suite: 'bookworm', packages: BUILD_PACKAGES }).then((d) => console.log('compiler disk', Date.now() - t, d));
    const m = await bootMachine({ name: 'try', disk, dataSource: 'nocloud', network: true, userData: '#cloud-config\n' });
    lap('agent');
    console.log(await m.waitForCloudInit());
    lap('ci');
    for (const c of ['cat /etc/apt/sources.list /etc/apt/sources.list.d/* /etc/apt/apt.conf.d/50sources; cat /etc/resolv.conf', 'apt-get update', 'apt-get install -y --no-install-recommends make', 'apt-cache policy linux-headers-$(uname -r); make --version', 'cat /var/log/cloud-init.log | grep WARN; systemctl --failed; systemctl is-active nginx']) { const r = await m.run(c, {timeoutMs: 300000}); console.log(c, r.code, r.stdout, r.stderr); lap(c); }
    await m.discard();
    await build;
}, 600000);
