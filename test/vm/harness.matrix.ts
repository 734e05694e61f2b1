/** Does the harness itself tell the truth? What other VM tests conclude from it stands on this. */

import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debianDisk } from '../support/disk.ts';
import { bootMachine, type DataSource, type Machine } from '../support/machine.ts';

const USER_DATA = '#cloud-config\nwrite_files:\n- {path: /var/tmp/told, content: "by user-data"}\n';

let listener: Server;
let port: number;
const machines: Machine[] = [];
let nocloud: Machine;
let aliyun: Machine;
let unseeded: Machine;

beforeAll(async () => {
  const disk = await debianDisk({ suite: 'bookworm', packages: [] });
  listener = createServer((socket) => socket.end('outside'));
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  port = address !== null && typeof address === 'object' ? address.port : 0;
  const boot = async (dataSource: DataSource, network: boolean) => {
    const machine = await bootMachine({
      name: `harness-${dataSource}`,
      disk,
      dataSource,
      network,
      userData: USER_DATA,
    });
    machines.push(machine);
    return machine;
  };
  // cloud-init uses one core: machines that wait for it share the two well.
  [nocloud, aliyun, unseeded] = await Promise.all([boot('nocloud', true), boot('aliyun', false), boot('none', false)]);
});

afterAll(async () => {
  await Promise.all(machines.map((machine) => machine.discard()));
  listener?.close();
});

/** Connects from the machine to this test's own listener, which QEMU's user network shows as its gateway. */
async function reachOutside(machine: Machine, gateway: string): Promise<string> {
  const program = `import socket; print(socket.create_connection(("${gateway}", ${port}), 20).recv(9).decode())`;
  // A route of last resort, so that it is the network that says no and not the machine's missing configuration.
  const { stdout } = await machine.run(`ip route replace default via ${gateway}; python3 -c '${program}'`);
  return stdout.trim();
}

describe('data sources', () => {
  it('without one, cloud-init is disabled', async () => {
    expect(await unseeded.waitForCloudInit()).toMatchObject({ status: 'disabled', dataSource: '' });
    expect((await unseeded.run('cat /var/tmp/told')).code).toBe(1);
    await unseeded.powerOff();
    await expect(unseeded.run('true')).rejects.toThrow(/not running/);
  });

  it.each([
    ['NoCloud', () => nocloud],
    ['AliYun', () => aliyun],
  ])('%s: cloud-init takes the user-data and ends without errors', async (name, machine) => {
    const result = await machine().waitForCloudInit();
    expect(result).toMatchObject({ code: 0, status: 'done', errors: [] });
    expect(result.dataSource).toContain(`DataSource${name}`);
    expect((await machine().run('cat /var/tmp/told')).stdout).toBe('by user-data');
  });
});

describe('network', () => {
  it('is there when asked for', async () => {
    expect(await reachOutside(nocloud, '10.0.2.2')).toBe('outside');
  });

  it('is shut when not, metadata apart', async () => {
    expect(await reachOutside(aliyun, '100.100.100.2')).toBe('');
    const fetch =
      'from urllib.request import urlopen; print(urlopen("http://100.100.100.200/latest/user-data").read())';
    expect((await aliyun.run(`python3 -c '${fetch}'`)).stdout).toContain('by user-data');
  });
});

describe('commands', () => {
  it('give their exit code and both outputs apart', async () => {
    expect(await aliyun.run('echo out; echo err >&2; exit 7')).toMatchObject({
      code: 7,
      stdout: 'out\n',
      stderr: 'err\n',
    });
  });

  it('carry any byte in and out', async () => {
    const input = Uint8Array.from({ length: 65_536 }, (_, index) => (index * 31) % 256);
    expect((await aliyun.run('cat', { input })).bytes.equals(input)).toBe(true);
  });

  it('are ended when their time is up, and the next one works', async () => {
    await expect(aliyun.run('sleep 600', { timeoutMs: 2000 })).rejects.toThrow(/did not end.*[\s\S]*console log: /);
    expect((await aliyun.run('echo still here')).stdout).toBe('still here\n');
  });
});

describe('power', () => {
  const BOOT_ID = 'cat /proc/sys/kernel/random/boot_id';

  it('a reboot is another boot of the same disk', async () => {
    const before = (await nocloud.run(BOOT_ID)).stdout;
    await nocloud.reboot();
    expect((await nocloud.run(BOOT_ID)).stdout).not.toBe(before);
    expect((await nocloud.run('cat /var/tmp/told')).stdout).toBe('by user-data');
  });

  it('a power cut loses what was not synced and nothing else', async () => {
    await nocloud.run('echo kept >/var/tmp/kept; sync; echo lost >/var/tmp/lost');
    await nocloud.kill();
    await nocloud.startAgain();
    expect((await nocloud.run('cat /var/tmp/kept; ls /var/tmp/lost')).stdout).toBe('kept\n');
  });

  it('a machine can start from what another one left', async () => {
    await nocloud.powerOff();
    const disk = await debianDisk({ suite: 'bookworm', packages: [] });
    const heir = await bootMachine({
      name: 'harness-heir',
      disk,
      dataSource: 'none',
      network: false,
      startFrom: nocloud.overlay,
    });
    machines.push(heir);
    expect((await heir.run('cat /var/tmp/kept')).stdout).toBe('kept\n');
  });
});
