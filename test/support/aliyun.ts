/** The AliYun data source: what http://100.100.100.200 answers on an ECS instance, served by QEMU's user network. */

import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** By this name in the SMBIOS tables cloud-init knows that it is on ECS. */
export const ECS_PRODUCT = 'Alibaba Cloud ECS';

const RESPONDER = fileURLToPath(new URL('metadata.sh', import.meta.url));

/** The instance's own data, as the public documentation of ECS lists it: path below meta-data, value. */
function metaData(mac: string): Readonly<Record<string, string>> {
  const nic = `network/interfaces/macs/${mac}`;
  return {
    'dns-conf/nameservers': '100.100.100.3',
    hostname: 'debian',
    'image-id': 'm-test',
    'instance-id': 'i-aliyun',
    'instance/instance-type': 'ecs.t6-c1m1.large',
    mac,
    'network-type': 'vpc',
    'private-ipv4': '100.100.100.15',
    'region-id': 'cn-hangzhou',
    'serial-number': '00000000-0000-4000-8000-000000000000',
    'zone-id': 'cn-hangzhou-h',
    [`${nic}/gateway`]: '100.100.100.2',
    [`${nic}/netmask`]: '255.255.255.0',
    [`${nic}/network-interface-id`]: 'eni-test',
    [`${nic}/primary-ip-address`]: '100.100.100.15',
    [`${nic}/private-ipv4s`]: '["100.100.100.15"]',
    [`${nic}/vswitch-cidr-block`]: '100.100.100.0/24',
  };
}

/** Writes the tree that the metadata server shows below `directory`, and returns the options of a QEMU user network that serves it. */
export async function makeAliYunNetwork(
  directory: string,
  mac: string,
  userData: string | Uint8Array,
): Promise<readonly string[]> {
  const tree = join(directory, 'metadata');
  const put = async (path: string, content: string | Uint8Array) => {
    const file = join(tree, '2016-01-01', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  };
  for (const [path, value] of Object.entries(metaData(mac))) await put(`meta-data/${path}`, value);
  await put('user-data', userData);
  await symlink('2016-01-01', join(tree, 'latest'));
  return ['net=100.100.100.0/24', `guestfwd=tcp:100.100.100.200:80-cmd:sh ${RESPONDER} ${tree}`];
}
