# Kilobytes of the eBPF programs and their maps, the list of networks included, as the kernel counts them.
import struct
import toa_bpf


def kilobytes(fd):
    fields = dict(line.split(':') for line in open('/proc/self/fdinfo/%d' % fd))
    # A link is what is pinned of a program.
    if 'prog_id' in fields and 'link_id' in fields:
        fields = dict(line.split(':') for line in open('/proc/self/fdinfo/%d' % toa_bpf.bpf(toa_bpf.PROG_FD, 'I', int(fields['prog_id']))[0]))
    return int(fields['memlock']) / 1024


maps, programs = toa_bpf.read_object()
fds = [toa_bpf.pinned(name) for name in [*maps, *programs] if name != 'networks']
networks = struct.unpack('=I', toa_bpf.get(toa_bpf.pinned('trust'), bytes(4), 4))[0]
fds.append(toa_bpf.bpf(toa_bpf.MAP_FD, 'I', networks)[0])
print('kilobytes %.0f' % sum(map(kilobytes, fds)))
