# Sends one HTTP request to port 80 of this machine as a scrubber would, in the machine's own network namespace:
# request.py PROBE SCRUBBER CLIENT. The packets come from SCRUBBER and carry the option with CLIENT.
import importlib.machinery, importlib.util, sys

loader = importlib.machinery.SourceFileLoader('probe', sys.argv[1])
probe = importlib.util.module_from_spec(importlib.util.spec_from_loader('probe', loader))
loader.exec_module(probe)
scrubber, client = sys.argv[2:]
own = '192.0.2.200'
remote = probe.Client(probe.open_tun([(own, scrubber)]))
remote.connect(scrubber, own, 40000, 80, probe.toa(254, client, 5077))
remote.send(b'GET /from-%s HTTP/1.0\r\n\r\n' % scrubber.encode())
answer = b''
while True:
    data = remote.recv()
    if not data:
        break
    answer += data
print(answer.split(b'\r\n')[0].decode())
