# Prints what an initramfs needs to run the probe: Python with what the probe imports, busybox, kmod and the files given.
# Runs inside the build root. Every path comes with the directories and symbolic links that lead to it.
import binascii, ctypes, encodings.ascii, fcntl, getopt, json, os, select, signal, socket, struct, subprocess, sys

PROGRAMS = ['/bin/busybox', '/bin/kmod', sys.executable]
LINKS = ['/sbin/insmod', '/sbin/modprobe', '/sbin/rmmod', '/usr/bin/python3']

paths = set(PROGRAMS + LINKS + sys.argv[1:])
paths |= {module.__file__ for module in sys.modules.values() if getattr(module, '__file__', None)}
for path in [path for path in paths if path in PROGRAMS or '.so' in path]:
    ldd = subprocess.run(['ldd', path], stdout=subprocess.PIPE, check=True).stdout.decode().split()
    paths |= {word for word in ldd if word.startswith('/')}

complete = set()
queue = [path for path in paths if path.startswith('/')]
while queue:
    path = queue.pop()
    # A file goes where its directory really is: the kernel unpacks in order and may meet a link before what it points to.
    parent = os.path.realpath(os.path.dirname(path))
    real = os.path.join(parent, os.path.basename(path))
    if real in complete or path == '/':
        continue
    complete.add(real)
    queue += [parent, os.path.dirname(path)]
    if os.path.islink(real):
        queue.append(os.path.normpath(os.path.join(parent, os.readlink(real))))

for path in sorted(complete):
    print(path[1:])
