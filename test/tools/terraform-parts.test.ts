/** What the examples add to our user-data: that neither part is lost, and that an instance in a lifecycle hook says when it is ready. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inFolder, inRepo } from '../support/cli.ts';
import { moduleFiles, terraform, terraformIsHere } from '../support/terraform.ts';
import { playHook } from '../support/terraform-ess.ts';
import { type Block, cloudInitSees, examples, MERGE_TYPE, read } from '../support/terraform-hcl.ts';

const ESS = 'examples/alicloud-ess/toa-lifecycle-hook';

describe('two parts of cloudinit_config', () => {
  const [own] = examples.find(({ name }) => name.endsWith('cloudinit-config'))?.hcl.variable?.cloud_config ?? [];
  const parts = [String(moduleFiles()['user-data']), String(own?.default)];

  it('both take effect, says cloud-init itself', async () => {
    const { config, warnings } = await cloudInitSees(parts, MERGE_TYPE);
    expect(warnings).toEqual([]);
    expect(config?.write_files).toHaveLength(1);
    expect(config?.packages).toEqual(['nginx']);
    expect(config?.runcmd).toEqual([
      ['sh', '/var/lib/toa/install-toa.sh', 'all'],
      ['systemctl', 'enable', '--now', 'nginx'],
    ]);
  });

  it('would not without merge_type', async () => {
    expect((await cloudInitSees(parts, undefined)).config?.runcmd).toHaveLength(1);
  });
});

describe('the instance that waits in a lifecycle hook', () => {
  const PROFILE = '--profile toa-ready --RegionId cn-test';
  const COMPLETE = `ess CompleteLifecycleAction ${PROFILE} --LifecycleHookId ash-1 --LifecycleActionToken token-1 --LifecycleActionResult CONTINUE`;
  const ids = ['i-1', 'i-2'];
  const action = { LifecycleHookId: 'ash-1', LifecycleActionToken: 'token-1', LifecycleActionStatus: 'Pending' };
  const other = { ...action, LifecycleHookId: 'ash-2', LifecycleActionToken: 'token-2' };
  const tagged = (...of: readonly string[]) => ({
    TagResources: { TagResource: of.map((ResourceId) => ({ ResourceId, TagKey: 'toa-ready', TagValue: 'yes' })) },
  });
  const ANSWERS = {
    TagResources: {},
    DescribeScalingActivities: { ScalingActivities: { ScalingActivity: [{ ScalingActivityId: 'asa-1' }] } },
    DescribeLifecycleActions: { LifecycleActions: { LifecycleAction: [other, action].map(covering) } },
    ListTagResources: tagged(...ids),
    CompleteLifecycleAction: {},
  };
  function covering(of: object): object {
    return { ...of, InstanceIds: { InstanceId: ids } };
  }

  it('tags itself, and completes its own hook once all that the action covers are tagged', async () => {
    const { code, calls } = await playHook('i-1', ANSWERS);
    expect(code).toBe(0);
    expect(calls).toEqual([
      'configure set --profile toa-ready --mode EcsRamRole --ram-role-name origin-role --region cn-test',
      `ecs TagResources ${PROFILE} --ResourceType instance --ResourceId.1 i-1 --Tag.1.Key toa-ready --Tag.1.Value yes`,
      `ess DescribeScalingActivities ${PROFILE} --ScalingGroupId asg-1 --StatusCode InProgress`,
      `ess DescribeLifecycleActions ${PROFILE} --ScalingActivityId asa-1 --LifecycleActionStatus Pending`,
      `ecs ListTagResources ${PROFILE} --ResourceType instance --Tag.1.Key toa-ready --ResourceId.1 i-1 --ResourceId.2 i-2`,
      COMPLETE,
    ]);
  });

  it('reads the flat lists of the newer API as well', async () => {
    const flat = {
      ...ANSWERS,
      DescribeScalingActivities: { ScalingActivities: [{ ScalingActivityId: 'asa-1' }] },
      DescribeLifecycleActions: { LifecycleActions: [{ ...action, InstanceIds: ids }] },
    };
    expect((await playHook('i-2', flat)).calls.at(-1)).toBe(COMPLETE);
  });

  it.each([
    ['another instance of the action is not ready', 'i-1', { ListTagResources: tagged('i-1') }],
    ['the action covers other instances', 'i-3', {}],
    [
      'no activity is in progress',
      'i-1',
      { DescribeScalingActivities: { ScalingActivities: { ScalingActivity: [] } } },
    ],
  ])('completes nothing where %s', async (_, me, answers) => {
    const { code, calls } = await playHook(me, { ...ANSWERS, ...answers });
    expect(code).toBe(0);
    expect(calls).not.toContainEqual(expect.stringContaining('CompleteLifecycleAction'));
  });

  it('fails where the API refuses, so that its unit tries again', async () => {
    const { DescribeLifecycleActions: _, ...rest } = ANSWERS;
    const { code, calls } = await playHook('i-1', rest);
    expect(code).not.toBe(0);
    expect(calls.at(-1)).toContain('DescribeLifecycleActions');
  });

  it.skipIf(!terraformIsHere)(
    'evaluates (by terraform, where the machine has it) to a part that cloud-init takes beside ours',
    async () => {
      const ess = examples.find(({ name }) => name.endsWith('alicloud-ess'))?.hcl.data?.cloudinit_config?.origin?.[0];
      const [, part] = (ess?.part ?? []) as readonly Block[];
      // What only the cloud would know.
      const known = String(part?.content)
        .replace('alicloud_ess_scaling_group.origin.id', '"asg-1"')
        .replace('alicloud_ess_lifecycle_hook.ready.id', '"ash-1"')
        .replace(/var\.(\w+)/g, '"$1"');
      const files = Object.fromEntries(
        ['py', 'service'].map((end) => [`toa-lifecycle-hook.${end}`, read(`${ESS}.${end}`)]),
      );
      const evaluated = await inFolder(
        { ...files, 'main.tf': `output "part" {\n  value = <<E\n${known}E\n}\n` },
        (folder) => {
          expect(terraform(folder, ['apply', '-auto-approve'])).toMatchObject({ code: 0 });
          return terraform(folder, ['output', '-raw', 'part']).stdout;
        },
      );
      const { config, warnings } = await cloudInitSees([String(moduleFiles()['user-data']), evaluated], MERGE_TYPE);
      expect(warnings).toEqual([]);
      const written = config?.write_files as readonly { readonly path: string; readonly content: string }[];
      expect(written.map(({ path }) => path)).toEqual([
        '/var/lib/toa/install-toa.sh',
        '/etc/toa-lifecycle-hook.json',
        '/usr/local/sbin/toa-lifecycle-hook',
        '/etc/systemd/system/toa-lifecycle-hook.service',
      ]);
      const [, settings, program, unit] = written.map(({ content }) => content);
      expect(JSON.parse(settings ?? '')).toEqual({
        region: 'region',
        role: 'role_name',
        scaling_group: 'asg-1',
        hook: 'ash-1',
      });
      expect([program, unit]).toEqual(Object.values(files));
      expect(unit).toContain('ExecStart=/usr/local/sbin/toa-lifecycle-hook\n');
      expect(config?.runcmd).toEqual([
        ['sh', '/var/lib/toa/install-toa.sh', 'all'],
        ['systemctl', 'enable', '--now', '--no-block', 'toa-lifecycle-hook.service'],
      ]);
      // All of it must be fit for ECS, with a long list of networks besides.
      expect(evaluated.length).toBeLessThan(6_000);
    },
  );

  it('is started by a unit that systemd takes, when the target is reached', async () => {
    const unit = read(`${ESS}.service`);
    expect(unit).toMatch(/^Requires=toa-ready\.target$/m);
    expect(unit).toMatch(/^After=toa-ready\.target /m);
    const ready = readFileSync(inRepo('guest/units/toa-ready.target'), 'utf8');
    const files = { 'x.service': unit.replace(/^ExecStart=.*$/m, 'ExecStart=/bin/true'), 'toa-ready.target': ready };
    const said = await inFolder(files, (folder) => {
      const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', join(folder, 'x.service')], {
        encoding: 'utf8',
        env: { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` },
      });
      return stderr.split('\n').filter((line) => line.includes('x.service'));
    });
    expect(said).toEqual([]);
  });
});
