# Sends one HTTP request to port 80 of this machine as a scrubber would, in the machine's own network namespace:
# request.py PROBE SCRUBBER CLIENT. The packets come from SCRUBBER and carry the option with CLIENT.
import random, sys
import talk

probe = talk.load(sys.argv[1])
# Emulated machines are slow.
probe.STEP = 60
scrubber, client = sys.argv[2:]
own = '192.0.2.200'
remote = talk.talking(probe)(probe.open_tun([(own, scrubber)]))
# The last request's port is still in TIME_WAIT.
remote.connect(scrubber, own, random.randrange(32768, 61000), 80, probe.toa(254, client, 5077))
remote.send(b'GET /from-%s HTTP/1.0\r\n\r\n' % scrubber.encode())
print(remote.recv_all().split(b'\r\n')[0].decode())
