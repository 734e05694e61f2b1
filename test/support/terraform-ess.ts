/** An instance that waits in a lifecycle hook: the example's script, with a stand-in for the aliyun CLI and for the metadata server. */

import { chmodSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { execa } from 'execa';
import { inFolder, inRepo } from './cli.ts';

const SCRIPT = inRepo('terraform/examples/alicloud-ess/toa-lifecycle-hook.py');

/** Notes its words, a line a call, and answers what the test laid out for the action; fails where it laid out nothing. */
const ALIYUN = `#!/bin/sh
echo "$@" >>"\${0%/*}/../calls"
[ "$1" = configure ] || cat "\${0%/*}/../answers/$2.json"
`;

/** What the script did. */
export interface Played {
  readonly code: number;
  readonly stdout: string;
  /** The CLI's calls, in order. */
  readonly calls: readonly string[];
}

/** Runs the script as the instance \`me\`, with the answers of Auto Scaling and ECS by action. */
export async function playHook(me: string, answers: Readonly<Record<string, unknown>>): Promise<Played> {
  // The script asks a fixed address. As its proxy we are asked instead.
  const metadata = createServer((request, response) => {
    response.statusCode = request.url === 'http://100.100.100.200/latest/meta-data/instance-id' ? 200 : 404;
    response.end(me);
  });
  await new Promise<void>((ready) => metadata.listen(0, '127.0.0.1', ready));
  const proxy = `http://127.0.0.1:${(metadata.address() as AddressInfo).port}`;
  const config = { region: 'cn-test', role: 'origin-role', scaling_group: 'asg-1', hook: 'ash-1' };
  const files = Object.fromEntries(
    Object.entries(answers).map(([action, answer]) => [`answers/${action}.json`, JSON.stringify(answer)]),
  );
  try {
    return await inFolder({ ...files, 'bin/aliyun': ALIYUN, 'config.json': JSON.stringify(config) }, async (folder) => {
      chmodSync(join(folder, 'bin/aliyun'), 0o755);
      const { exitCode, stdout } = await execa('/usr/bin/python3', [SCRIPT, join(folder, 'config.json')], {
        reject: false,
        env: { PATH: `${folder}/bin:${process.env.PATH}`, http_proxy: proxy, no_proxy: '' },
      });
      const calls = readFileSync(join(folder, 'calls'), 'utf8').trimEnd().split('\n');
      return { code: exitCode ?? -1, stdout, calls };
    });
  } finally {
    metadata.close();
  }
}
