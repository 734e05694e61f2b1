/** A cloud's limit on user-data, in bytes before base64. */
export interface Cloud {
  readonly id: string;
  readonly name: string;
  /** Past this a warning: some documents, accounts or tools of the cloud still state a smaller limit. */
  readonly warnBytes: number;
  /** Past this the cloud refuses the user-data. */
  readonly failBytes: number;
  /** Whether the cloud passes on user-data that is gzip as a whole, which cloud-init then unpacks. */
  readonly gzip: boolean;
  readonly source: string;
}

export const CLOUDS: readonly Cloud[] = [
  {
    id: 'alibaba-ecs',
    name: 'Alibaba Cloud ECS',
    warnBytes: 16_384,
    failBytes: 32_768,
    gzip: false,
    source: 'ECS documentation, "Customize the initialization configuration": 32 KB today, 16 KB in older pages',
  },
  {
    id: 'aws-ec2',
    name: 'Amazon EC2',
    warnBytes: 16_384,
    failBytes: 16_384,
    gzip: true,
    source:
      'EC2 User Guide, "Run commands when you launch an EC2 instance": 16 KB in raw form; cloud-init, "User-data formats": gzip',
  },
  {
    id: 'tencent-cvm',
    name: 'Tencent Cloud CVM',
    warnBytes: 16_384,
    failBytes: 16_384,
    gzip: false,
    source: 'CVM documentation, "Setting custom data": 16 KB; whether before or after base64 is not said',
  },
  {
    id: 'huawei-ecs',
    name: 'Huawei Cloud ECS',
    warnBytes: 32_768,
    failBytes: 32_768,
    gzip: false,
    source: 'ECS documentation, "Injecting user data": 32 KB, ASCII',
  },
  {
    id: 'azure',
    name: 'Azure',
    warnBytes: 65_535,
    failBytes: 65_535,
    gzip: false,
    source: 'Azure documentation, "Custom data and cloud-init": 64 KB',
  },
  {
    id: 'openstack',
    name: 'OpenStack',
    warnBytes: 65_535,
    failBytes: 65_535,
    gzip: false,
    source: 'Nova API reference: user_data at most 65,535 bytes in base64',
  },
  {
    id: 'gcp',
    name: 'Google Cloud',
    warnBytes: 262_144,
    failBytes: 262_144,
    gzip: false,
    source: 'Compute Engine documentation: 256 KB a metadata value',
  },
];
