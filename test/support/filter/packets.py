# Sends TCP packets with any options into this network namespace and says what of them TCP was given, as JSON.
# usage: packets.py PROBE <CASES   PROBE: guest/toa-probe   CASES: [{"from", "flags", "options", "pieces"?, "headers"?, "times"?}]
#   options: hexadecimal, a multiple of four bytes   pieces: where the TCP segment is cut, in bytes (multiples of eight)
#   headers: extension headers of IPv6 between the pieces' header and TCP's   times: how often it is sent, 1 where nothing is said
# Says for each case a list of the segments that came: {"options", "sound": whether the checksum is right}.
# Raw sockets see what TCP sees: behind every hook, put together again.
import json, os, select, socket, struct, sys

probe = {'__name__': 'probe'}
exec(compile(open(sys.argv[1]).read(), 'toa-probe', 'exec'), probe)
raw, checksum = probe['raw'], probe['checksum']
OWN = {}
PORT, MARK = 7, 9


def family(address):
    return 6 if ':' in address else 4


def segment(case, sport, dport):
    options, ends = bytes.fromhex(case.get('options', '')), raw(case['from']) + raw(OWN[case['from']])
    head = struct.pack('!HHIIBBHI', sport, dport, 1000, 2000, 80 + 4 * len(options), case.get('flags', 16), 65535, 0)
    tcp = head + options + b'd' * case.get('data', 0)
    return tcp[:16] + checksum(ends + struct.pack('!II', len(tcp), 6) + tcp) + tcp[18:]


def ipv4(source, payload, number, offset, more):
    head = struct.pack('!BxHHHBB', 69, 20 + len(payload), number, offset // 8 | (0x2000 if more else 0), 64, 6)
    ends = raw(source) + raw(OWN[source])
    return head + checksum(head + ends) + ends + payload


def ipv6(source, payload, number, offset, more, first):
    piece = b'' if number is None else struct.pack('!BxHI', first, offset | more, number)
    head = struct.pack('!IHBB', 6 << 28, len(piece + payload), first if number is None else 44, 64)
    return head + raw(source) + raw(OWN[source]) + piece + payload


# Whole, or cut where the case says.
def packets(case, sport, dport, number):
    source, payload = case['from'], segment(case, sport, dport)
    extra = bytes.fromhex(case.get('headers', ''))
    first, payload = 60 if extra else 6, extra + payload
    cuts = [0] + case.get('pieces', []) + [len(payload)]
    for start, end in zip(cuts, cuts[1:]):
        more = end < len(payload)
        if family(source) == 4:
            yield ipv4(source, payload[start:end], number, start, more)
        else:
            yield ipv6(source, payload[start:end], number if len(cuts) > 2 else None, start, more, first)


def is_sound(tcp, source):
    ends = raw(source) + raw(OWN[source])
    return checksum(ends + struct.pack('!II', len(tcp), 6) + tcp) == b'\0\0'


class Wire:
    def __init__(self, sources):
        for source in sources:
            OWN[source] = ('fd09::%d' if ':' in source else '10.9.8.%d') % (len(OWN) + 1)
        self.tun = probe['open_tun']([(OWN[source], source) for source in sources])
        self.tcp = {4: socket.socket(socket.AF_INET, socket.SOCK_RAW, 6), 6: socket.socket(socket.AF_INET6, socket.SOCK_RAW, 6)}
        for tcp in self.tcp.values():
            tcp.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)
            tcp.settimeout(20)
        for source in sources:
            self.knock(source)

    # A device that has just come up loses packets.
    def knock(self, source):
        tcp = self.tcp[family(source)]
        for _ in range(100):
            self.mark(source, 1)
            if select.select([tcp], [], [], 0.2)[0]:
                tcp.recv(65536)
                return
        raise OSError('nothing comes through')

    def mark(self, source, sport):
        for packet in packets({'from': source}, sport, MARK, 0 if family(source) == 4 else None):
            os.write(self.tun, packet)

    # A packet without options that follows says that whatever will come has come.
    def play(self, case, number):
        sport, seen, kind = 20000 + number % 40000, [], family(case['from'])
        for packet in packets(case, sport, PORT, number + 1):
            os.write(self.tun, packet)
        self.mark(case['from'], sport)
        while True:
            data = self.tcp[kind].recv(65536)
            tcp = data[20:] if kind == 4 else data
            ports = struct.unpack('!HH', tcp[:4])
            if ports == (sport, MARK):
                return seen
            if ports == (sport, PORT):
                size = tcp[12] // 16 * 4
                seen.append({'options': tcp[20:size].hex(), 'sound': is_sound(tcp, case['from'])})


def main():
    cases = json.load(sys.stdin)
    wire = Wire(sorted({case['from'] for case in cases}))
    number, answers = 0, []
    for case in cases:
        seen = []
        for _ in range(case.get('times', 1)):
            seen += wire.play(case, number)
            number += 1
        answers.append(seen)
    print(json.dumps(answers))


main()
