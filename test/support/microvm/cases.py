# Plays the cases of a group of /cases.json (test/support/module-cases.ts) and says what was seen, as JSON.
# usage: cases.py NAME,...|all control|loaded   loaded: with the groups' setup, in each of their namespaces, and what was counted
# Namespaces: the first one, a new one, and one that is left before anybody asks.
# The remote clients are those of the probe, /toa_probe.py in the test machine.
import ctypes, errno, json, os, select, socket, struct, subprocess, sys
from toa_probe import STEP, Client, open_tun, raw

SO_PEERNAME, SO_DOMAIN, IPPROTO_MPTCP, TCP_DEFER_ACCEPT, TCP_FASTOPEN, IPV6_ADDRFORM = 28, 39, 262, 9, 23, 1
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]


def spell(name):
    family, port = struct.unpack('=H', name[:2])[0], struct.unpack('!H', name[2:4])[0]
    sizes = {socket.AF_INET: (16, name[4:8]), socket.AF_INET6: (28, name[8:24])}
    size, address = sizes[family]
    if len(name) != size:
        raise ValueError('family %d with %d bytes' % (family, len(name)))
    return '%s %d' % (socket.inet_ntop(family, address), port)


# Where the kernel writes a name and its size.
class Name:
    def __init__(self):
        self.room, self.size = ctypes.create_string_buffer(128), ctypes.c_int(128)

    def pointers(self):
        return self.room, ctypes.byref(self.size)

    def __str__(self):
        return spell(self.room.raw[:self.size.value])


def check(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def getpeername(sock):
    name = Name()
    check(libc.getpeername(sock.fileno(), *name.pointers()))
    return str(name)


# It refuses more room than it needs.
def peername(sock):
    size = 28 if sock.getsockopt(socket.SOL_SOCKET, SO_DOMAIN) == socket.AF_INET6 else 16
    return spell(sock.getsockopt(socket.SOL_SOCKET, SO_PEERNAME, size))


def or_error(ask, sock):
    try:
        return ask(sock)
    except OSError as error:
        return errno.errorcode[error.errno]


def accept(listener, name):
    return check(libc.accept(listener.fileno(), *name.pointers()))


def accept4(listener, name):
    return check(libc.accept4(listener.fileno(), *name.pointers(), 0o2000000))


# One request, with the rings where io_uring_setup(2) says they are.
def io_uring(listener, name):
    params = ctypes.create_string_buffer(120)
    ring = check(libc.syscall(425, 1, params))
    words = struct.unpack('=30I', params.raw)
    sq, sqe = (libc.mmap(None, 4096, 3, 1, ring, offset) for offset in (0, 0x10000000))
    cq = libc.mmap(None, 4096, 3, 1, ring, 0x8000000)
    address, size = ctypes.addressof(name.room), ctypes.addressof(name.size)
    entry = struct.pack('=BBHiQQIIQ24x', 13, 0, 0, listener.fileno(), size, address, 0, 0, 0)
    ctypes.memmove(sqe, entry, 64)
    ctypes.c_uint.from_address(sq + words[16]).value = 0
    ctypes.c_uint.from_address(sq + words[11]).value = 1
    check(libc.syscall(426, ring, 1, 1, 1, None, 0))
    result = ctypes.c_int.from_address(cq + words[25] + 8).value
    os.close(ring)
    if result < 0:
        raise OSError(-result, os.strerror(-result))
    return result


ACCEPT = {'accept': accept, 'accept4': accept4, 'io_uring': io_uring}


def listen(kind):
    family = socket.AF_INET if kind.endswith('ipv4') else socket.AF_INET6
    listener = socket.socket(family, socket.SOCK_STREAM, IPPROTO_MPTCP if kind.startswith('mptcp') else 0)
    if family == socket.AF_INET6:
        listener.setsockopt(41, socket.IPV6_V6ONLY, 0)
    listener.bind(('', 0))
    listener.listen(16)
    return listener


class Remote(Client):
    early = b''

    # Fast Open: data in the SYN.
    def emit(self, flags, data=b''):
        Client.emit(self, flags, self.early if flags == 2 else data)


class Connection:
    ports = 20000

    def __init__(self, tun, case, listener, own):
        Connection.ports += 1
        self.source, self.sport = case['from'], Connection.ports
        self.remote = Remote(tun)
        self.remote.early = b'early' if case.get('fastopen') else b''
        option = {key: bytes.fromhex(case.get(key, '')) for key in ('syn', 'ack', 'data')}
        self.remote.connect(self.source, own, self.sport, listener.getsockname()[1], option['ack'], option['syn'])
        if 'data' in case:
            self.send(option['data'])
        if case.get('resetBeforeAccept'):
            self.remote.emit(4 | 16)
        if not select.select([listener], [], [], STEP)[0]:
            raise OSError('nothing to accept')
        name = Name()
        self.sock = socket.socket(fileno=ACCEPT[case.get('via', 'accept4')](listener, name))
        self.moments = []
        self.note(str(name))

    # What is seen now, and what would be seen if there were no option.
    def note(self, *more):
        source = self.source
        if self.sock.getsockopt(socket.SOL_SOCKET, SO_DOMAIN) == socket.AF_INET6 and ':' not in source:
            source = '::ffff:' + source
        shown = list(more) + [or_error(ask, self.sock) for ask in (getpeername, peername)]
        self.moments.append({'source': '%s %d' % (source, self.sport), 'shown': shown})

    def send(self, option):
        self.remote.option = option
        self.remote.emit(8 | 16, b'data')

    def do(self, verb, argument):
        if verb == 'send':
            self.send(bytes.fromhex(argument))
            self.sock.recv(99)
        elif verb == 'reset':
            self.remote.emit(4 | 16)
        elif verb == 'fin':
            self.remote.emit(1 | 16)
            self.sock.recv(99)
        elif verb == 'disconnect':
            check(libc.connect(self.sock.fileno(), struct.pack('16x'), 16))
        elif verb == 'reconnect':
            self.other = listen('ipv4')
            self.source, self.sport = '127.0.0.1', self.other.getsockname()[1]
            self.sock.connect((self.source, self.sport))
        elif verb == 'addrform':
            self.sock.setsockopt(41, IPV6_ADDRFORM, socket.AF_INET)
        else:
            subprocess.run(argument, shell=True, check=True, stdout=subprocess.DEVNULL)

    def close(self):
        self.remote.emit(4 | 16)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.sock.close()


def play(case, tun, own, away):
    try:
        listener = listen(case['listener'])
    except OSError as error:
        return {'skipped': errno.errorcode[error.errno]}
    if case.get('deferAccept'):
        listener.setsockopt(socket.IPPROTO_TCP, TCP_DEFER_ACCEPT, 5)
    if case.get('fastopen'):
        listener.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN, 5)
    away()
    if 'beforeConnect' in case:
        subprocess.run(case['beforeConnect'], shell=True, check=True)
    try:
        connection = Connection(tun, case, listener, own)
    except OSError as error:
        return {'skipped': errno.errorcode.get(error.errno, str(error))}
    for verb, argument in case.get('steps', []):
        connection.do(verb, argument)
        connection.note()
    connection.close()
    listener.close()
    return {'moments': connection.moments}


def play_group(group, namespace, outside):
    check(libc.setns(outside, 0))
    if namespace != 'init':
        check(libc.unshare(0x40000000))
    inside = os.open('/proc/self/ns/net', os.O_RDONLY)
    peers = sorted({case['from'] for case in group['cases']})
    own = {peer: ('fd77::%d' if ':' in peer else '10.77.0.%d') % (peers.index(peer) + 1) for peer in peers}
    tun = open_tun([(own[peer], peer) for peer in peers])
    for path, value in group.get('sysctls', {}).items():
        open('/proc/sys/net/ipv4/' + path, 'w').write(value)

    def away():
        if namespace == 'left':
            check(libc.setns(outside, 0))
    results = []
    for case in group['cases']:
        check(libc.setns(inside, 0))
        results.append(play(case, tun, own[case['from']], away))
    os.close(tun)
    return results


# The reader's counters, each summed over its columns; none where it is not loaded. `outside` is the namespace that has the module's file.
def counters(outside):
    check(libc.setns(outside, 0))
    stats = subprocess.run('/reader stats', shell=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
    lines = [line.split(':') for line in stats.splitlines()[1:]]
    return {name.strip(): sum(map(int, columns.split())) for name, columns in lines}


def main(names, mode):
    outside = os.open('/proc/self/ns/net', os.O_RDONLY)
    for group in json.load(open('/cases.json')):
        if names != 'all' and group['name'] not in names.split(','):
            continue
        if mode == 'loaded' and 'setup' in group:
            subprocess.run(group['setup'], shell=True, check=True)
        for namespace in group['namespaces'] if mode == 'loaded' else group['namespaces'][:1]:
            before = counters(outside)
            results = play_group(group, namespace, outside)
            added = {name: value - before.get(name, 0) for name, value in counters(outside).items()}
            rows = {name: value for name, value in added.items() if value}
            played = {'group': group['name'], 'namespace': namespace, 'results': results, 'rows': rows}
            print(json.dumps(played), flush=True)


main(*sys.argv[1:])
