/**
 * What is known of each row's real machines, for fake roots: how they name themselves, a kernel's release as `uname -r` prints it, and
 * the packages that hold its headers, in the words in which the package manager is asked for them. Recorded in November 2026 from what
 * is named in `source`, never from the catalog: tests hold the catalog against it. Debian's suites that are still served are not here:
 * they are asked themselves, see suite-index.ts.
 */

/** A kernel's release and the packages of its headers. */
export interface KernelFact {
  readonly release: string;
  readonly packages: readonly string[];
  readonly source: string;
}

export interface RowFacts {
  /** NAME, ID and VERSION_ID of /etc/os-release; where there is none, the line of /etc/redhat-release. */
  readonly os: readonly [name: string, id: string, versionId: string] | string;
  readonly manager: 'apt' | 'yum' | 'dnf' | 'zypper';
  readonly kernels: readonly KernelFact[];
}

const el = (release: string, source: string, name = 'kernel-devel'): KernelFact => ({
  release,
  packages: [`${name}-${release}`],
  source,
});
const flavoured = (version: string, flavour: string, source: string): KernelFact => ({
  release: `${version}+${flavour}`,
  packages: [`kernel-${flavour}-devel-${version}`],
  source,
});
const suse = (version: string, source: string): KernelFact => ({
  release: `${version}-default`,
  packages: [`kernel-default-devel=${version}`],
  source,
});
const deb = (release: string, source: string, ...more: readonly string[]): KernelFact => ({
  release,
  packages: [`linux-headers-${release}`, ...more],
  source,
});

const EL6 = el('2.6.32-754.25.1.el6.x86_64', "yum's answer on a machine with 6.10: newest kernel-devel");
const EL7 = el('3.10.0-1160.108.1.el7.x86_64', 'rpm -Uvh line of a script that patches machines with 7.9');
const EL8 = [
  el('4.18.0-553.40.1.el8_10.x86_64', "Red Hat's errata for 8.10: package list"),
  el('4.18.0-553.22.1.rt7.363.el8_10.x86_64', "Red Hat's errata for 8.10, real time: package list", 'kernel-rt-devel'),
];
const EL9 = [
  el('5.14.0-503.38.1.el9_5.x86_64', 'uname -r and rpm -q kernel-devel of a machine with 9.5'),
  el('5.14.0-284.95.1.rt14.380.el9_2.x86_64', "Red Hat's errata for 9.2, real time: package list", 'kernel-rt-devel'),
  flavoured(
    '5.14.0-427.42.1.el9_4.x86_64',
    'rt',
    "Red Hat's errata for 9.4: package list; uname_suffix in kernel.spec",
  ),
];
const EL10 = el('6.12.0-124.47.1.el10_1.x86_64', 'rpm -qa of a workstation with 10.1');
const el10 = (source: string): KernelFact => ({ ...EL10, source });

/** By target. */
export const ROW_FACTS: Readonly<Record<string, RowFacts>> = {
  'alinux-2': {
    os: ['Alibaba Cloud Linux (Aliyun Linux)', 'alinux', '2.1903'],
    manager: 'yum',
    kernels: [
      el('4.19.91-26.6.al7.x86_64', "comment in a tracing tool's source: offsets of kernel-devel-4.19.91-26.6.al7"),
    ],
  },
  'alinux-3': {
    os: ['Alibaba Cloud Linux', 'alinux', '3'],
    manager: 'dnf',
    kernels: [
      el('5.10.134-19.1.al8.x86_64', 'package list of a published image build: kernel-devel-5.10.134-19.1.al8'),
    ],
  },
  'anolis-8': {
    os: ['Anolis OS', 'anolis', '8.6'],
    manager: 'dnf',
    kernels: [
      el('4.19.91-27.an8.x86_64', "Anolis's FAQ: dnf install kernel-devel-4.19.91-27.an8.x86_64"),
      el(
        '5.10.134-18.an8.x86_64',
        "kernel of Anolis 8.10 in a tracing project's list of test machines; its package by analogy",
      ),
    ],
  },
  'anolis-23': {
    os: ['Anolis OS', 'anolis', '23.4'],
    manager: 'dnf',
    kernels: [
      el('6.6.102-5.2.an23.x86_64', 'table of a test guide: kernel-devel in the folder of packages of Anolis 23.4'),
    ],
  },
  'centos-6': { os: 'CentOS release 6.10 (Final)', manager: 'yum', kernels: [EL6] },
  'centos-7': { os: ['CentOS Linux', 'centos', '7'], manager: 'yum', kernels: [EL7] },
  'centos-8': {
    os: ['CentOS Linux', 'centos', '8'],
    manager: 'dnf',
    kernels: [el('4.18.0-348.2.1.el8_5.x86_64', 'uname -r and rpm -q kernel-devel of a machine with 8.5')],
  },
  'centos-stream-8': {
    os: ['CentOS Stream', 'centos', '8'],
    manager: 'dnf',
    kernels: [
      el('4.18.0-553.el8.x86_64', "command of a driver's installer: dnf -y install kernel-devel-4.18.0-553.el8.x86_64"),
    ],
  },
  'centos-stream-9': {
    os: ['CentOS Stream', 'centos', '9'],
    manager: 'dnf',
    kernels: [
      el('5.14.0-503.el9.x86_64', 'package list of CentOS Stream 9'),
      flavoured('5.14.0-547.el9.x86_64', 'rt', 'package list of CentOS Stream 9'),
    ],
  },
  'centos-stream-10': {
    os: ['CentOS Stream', 'centos', '10'],
    manager: 'dnf',
    kernels: [el('6.12.0-124.el10.x86_64', "kernel.spec of CentOS Stream 10; the release's number as in 10.1")],
  },
  'rhel-6': { os: 'Red Hat Enterprise Linux Server release 6.10 (Santiago)', manager: 'yum', kernels: [EL6] },
  'rhel-7': { os: ['Red Hat Enterprise Linux Server', 'rhel', '7.9'], manager: 'yum', kernels: [EL7] },
  'rhel-8': { os: ['Red Hat Enterprise Linux', 'rhel', '8.10'], manager: 'dnf', kernels: EL8 },
  'rhel-9': { os: ['Red Hat Enterprise Linux', 'rhel', '9.5'], manager: 'dnf', kernels: EL9 },
  'rhel-10': { os: ['Red Hat Enterprise Linux', 'rhel', '10.1'], manager: 'dnf', kernels: [EL10] },
  'rocky-8': { os: ['Rocky Linux', 'rocky', '8.10'], manager: 'dnf', kernels: EL8 },
  'rocky-9': { os: ['Rocky Linux', 'rocky', '9.5'], manager: 'dnf', kernels: EL9 },
  'rocky-10': {
    os: ['Rocky Linux', 'rocky', '10.1'],
    manager: 'dnf',
    kernels: [el10('a rebuild of the same source package')],
  },
  'almalinux-8': { os: ['AlmaLinux', 'almalinux', '8.10'], manager: 'dnf', kernels: EL8 },
  'almalinux-9': { os: ['AlmaLinux', 'almalinux', '9.5'], manager: 'dnf', kernels: EL9 },
  'almalinux-10': {
    os: ['AlmaLinux', 'almalinux', '10.0'],
    manager: 'dnf',
    kernels: [
      el(
        '6.12.0-55.9.1.el10_0.x86_64',
        "address of kernel-devel-6.12.0-55.9.1.el10_0.x86_64.rpm in AlmaLinux's mirrors",
      ),
    ],
  },
  'oracle-7': {
    os: ['Oracle Linux Server', 'ol', '7.9'],
    manager: 'yum',
    kernels: [el('5.4.17-2136.338.4.1.el7uek.x86_64', "Oracle's errata for 7: package list", 'kernel-uek-devel'), EL7],
  },
  'oracle-8': {
    os: ['Oracle Linux Server', 'ol', '8.9'],
    manager: 'dnf',
    kernels: [
      el(
        '5.15.0-206.153.7.1.el8uek.x86_64',
        "a driver's manual: yum install kernel-uek-devel-5.15.0-206.153.7.1.el8uek.x86_64",
        'kernel-uek-devel',
      ),
      el('4.18.0-553.22.1.el8_10.x86_64', "Oracle's errata for 8: package list"),
    ],
  },
  'oracle-9': {
    os: ['Oracle Linux Server', 'ol', '9.6'],
    manager: 'dnf',
    kernels: [
      el('6.12.0-105.51.5.el9uek.x86_64', 'uname -r of a machine with 9.6; kernel-uek.spec', 'kernel-uek-devel'),
      el('5.14.0-503.11.1.el9_5.x86_64', "Oracle's errata for 9: package list"),
    ],
  },
  'oracle-10': {
    os: ['Oracle Linux Server', 'ol', '10.1'],
    manager: 'dnf',
    kernels: [
      el('6.12.0-106.55.4.2.el10uek.x86_64', 'uname -r of a machine with 10.1; kernel-uek.spec', 'kernel-uek-devel'),
    ],
  },
  'fedora-43': {
    os: ['Fedora Linux', 'fedora', '43'],
    manager: 'dnf',
    kernels: [el('6.19.8-200.fc43.x86_64', "list of dnf download in a driver's guide")],
  },
  'fedora-44': {
    os: ['Fedora Linux', 'fedora', '44'],
    manager: 'dnf',
    kernels: [
      el('7.1.9-200.fc44.x86_64', 'state of a machine in a bug report: kernel-devel-7.1.9-200.fc44.x86_64 present'),
    ],
  },
  'fedora-45': {
    os: ['Fedora Linux', 'fedora', '45'],
    manager: 'dnf',
    kernels: [
      el('7.2.3-300.fc45.x86_64', 'a bug report: dnf install kernel-7.2.3-300.fc45 kernel-devel-7.2.3-300.fc45'),
    ],
  },
  'amazon-2': {
    os: ['Amazon Linux', 'amzn', '2'],
    manager: 'yum',
    kernels: [el('5.10.219-208.866.amzn2.x86_64', "rpm -qa after a node's update")],
  },
  'amazon-2023': {
    os: ['Amazon Linux', 'amzn', '2023'],
    manager: 'dnf',
    kernels: [
      el('6.1.132-147.221.amzn2023.x86_64', 'yum install kernel-devel-6.1.132-147.221.amzn2023.x86_64 in a bug report'),
      el(
        '6.12.37-61.105.amzn2023.x86_64',
        'issue 989 of amazonlinux/amazon-linux-2023: no match for kernel-devel of this release; renamed in 2023.8.20250721',
        'kernel6.12-devel',
      ),
      el(
        '6.18.44-99.149.amzn2023.x86_64',
        "a scanner's test data: kernel6.18-devel 6.18.44 99.149.amzn2023",
        'kernel6.18-devel',
      ),
    ],
  },
  'openeuler-22.03': {
    os: ['openEuler', 'openEuler', '22.03'],
    manager: 'dnf',
    kernels: [
      el('5.10.0-60.18.0.50.oe2203.x86_64', 'a guide: yum install kernel-devel-5.10.0-60.18.0.50.oe2203.x86_64'),
    ],
  },
  'openeuler-24.03': {
    os: ['openEuler', 'openEuler', '24.03'],
    manager: 'dnf',
    kernels: [
      el('6.6.0-145.0.13.139.oe2403.x86_64', 'kernel of a test bench; kernel-devel-6.6.0-145 named in a course'),
    ],
  },
  'opensuse-leap-15.6': {
    os: ['openSUSE Leap', 'opensuse-leap', '15.6'],
    manager: 'zypper',
    kernels: [suse('6.4.0-150600.23.25', 'what VirtualBox asks for on a machine with 15.6')],
  },
  'opensuse-leap-16.0': {
    os: ['openSUSE Leap', 'opensuse-leap', '16.0'],
    manager: 'zypper',
    kernels: [suse('6.12.0-160000.27', "openSUSE's own tests: kernel-default-devel-6.12.0-160000.27.1")],
  },
  'sles-15': {
    os: ['SLES', 'sles', '15.5'],
    manager: 'zypper',
    kernels: [suse('5.14.21-150500.55.94', "SUSE's errata for SP5: kernel-default-devel-5.14.21-150500.55.94.1")],
  },
  'ubuntu-14.04': {
    os: ['Ubuntu', 'ubuntu', '14.04'],
    manager: 'apt',
    kernels: [
      deb('3.13.0-170-generic', "what apt installs, in a bug report of trusty's last kernel"),
      deb('4.4.0-148-generic', 'dpkg -l of a machine with trusty and the kernel of xenial'),
    ],
  },
  'ubuntu-16.04': {
    os: ['Ubuntu', 'ubuntu', '16.04'],
    manager: 'apt',
    kernels: [deb('4.15.0-142-generic', 'an apt install line beside the kernel 4.4.0-187 of xenial')],
  },
  'ubuntu-18.04': {
    os: ['Ubuntu', 'ubuntu', '18.04'],
    manager: 'apt',
    kernels: [deb('5.4.0-150-generic', 'apt install linux-headers-5.4.0-150-generic in a guide for bionic')],
  },
  'ubuntu-20.04': {
    os: ['Ubuntu', 'ubuntu', '20.04'],
    manager: 'apt',
    kernels: [deb('5.15.0-139-generic', 'dpkg -l of a machine with focal: 5.15.0-139.149~20.04.1')],
  },
  'ubuntu-22.04': {
    os: ['Ubuntu', 'ubuntu', '22.04'],
    manager: 'apt',
    kernels: [
      deb('6.8.0-60-generic', 'apt install beside linux-headers-generic-hwe-22.04; built with gcc-12', 'gcc-12'),
      deb('5.15.0-139-generic', "apt's list of packages to remove on jammy"),
    ],
  },
  'ubuntu-24.04': {
    os: ['Ubuntu', 'ubuntu', '24.04'],
    manager: 'apt',
    kernels: [
      deb('6.17.0-14-generic', 'a guide for noble: the headers that VirtualBox needs'),
      deb('6.17.0-1022-azure', "a mirror's folder: linux-headers-6.17.0-1022-azure_6.17.0-1022.22_amd64.deb"),
    ],
  },
  'ubuntu-26.04': {
    os: ['Ubuntu', 'ubuntu', '26.04'],
    manager: 'apt',
    kernels: [deb('7.0.0-14-generic', "apt's list of packages to remove on resolute")],
  },
  'debian-8': {
    os: ['Debian GNU/Linux', 'debian', '8'],
    manager: 'apt',
    kernels: [
      deb('3.16.0-11-amd64', 'apt-get install line of a container for jessie'),
      deb('4.9.0-0.bpo.12-amd64', 'the same line'),
    ],
  },
  'debian-9': {
    os: ['Debian GNU/Linux', 'debian', '9'],
    manager: 'apt',
    kernels: [deb('4.9.0-9-amd64', 'apt install line with a snapshot of stretch')],
  },
  'debian-10': {
    os: ['Debian GNU/Linux', 'debian', '10'],
    manager: 'apt',
    kernels: [
      deb('4.19.0-27-amd64', 'apt install line in a guide for buster'),
      deb('4.19.0-20-cloud-amd64', 'apt-get install line of a cloud image'),
      deb('5.10.0-0.deb10.17-amd64', 'apt install linux-headers-5.10.0-0.deb10.17-amd64 in a guide'),
    ],
  },
};
