# Connections that live while the eBPF programs are replaced and taken away, and listeners that are older than they are. Prints what
# getpeername says, and whether the listeners save their SYNs, at each moment: one JSON list a line.
import json, socket, subprocess
from toa_probe import Client, open_tun, toa

TCP_SAVE_SYN = 27
OPTION = toa(254, '198.18.7.9', 4321)


def listen():
    listener = socket.socket()
    listener.bind(('', 0))
    listener.listen(4)
    return listener


def connect(listener, port, **options):
    remote = Client(tun)
    remote.connect('203.0.113.5', '10.77.0.1', port, listener.getsockname()[1], **options)
    return remote, listener.accept()[0]


def show():
    seen = ['%s %d' % sock.getpeername() for _, sock in connections]
    print(json.dumps(seen + [listener.getsockopt(6, TCP_SAVE_SYN) for listener in (old, own, new)]), flush=True)


tun = open_tun([('10.77.0.1', '203.0.113.5')])
old, own = listen(), listen()
own.setsockopt(6, TCP_SAVE_SYN, 1)
subprocess.run(['/reader', 'load', '203.0.113.0/24'], check=True)
new = listen()
connections = [connect(old, 2001, on_syn=OPTION), connect(new, 2002, on_syn=OPTION), connect(new, 2003, option=OPTION)]
show()
subprocess.run(['/reader', 'kinds', '254,200'], check=True)
subprocess.run(['/reader', 'trust', '192.0.2.0/24'], check=True)
show()
subprocess.run(['/reader', 'unload'], check=True)
show()
