# Lets every allocation of an action fail once, one run of the action for each, and prints what the runs ended with, as JSON.
# usage: failing.py load MODULE PARAMETERS | failing.py write PATH FILE | failing.py read PATH
import ctypes, errno, json, os, sys

FINIT_MODULE, DELETE_MODULE = 313, 176
libc = ctypes.CDLL(None, use_errno=True)


# Unloading is no part of the action: it cannot fail.
def load(module, parameters):
    file = os.open(module, os.O_RDONLY)
    text = parameters.encode()
    def action():
        return ctypes.get_errno() if libc.syscall(FINIT_MODULE, file, text, 0) else 0
    def after():
        libc.syscall(DELETE_MODULE, b'toa', os.O_NONBLOCK)
    return action, after


def write(path, source):
    text = open(source, 'rb').read()
    def action():
        file = os.open(path, os.O_WRONLY)
        try:
            os.write(file, text)
        finally:
            os.close(file)
        return 0
    return action, lambda: None


def read(path):
    def action():
        file = os.open(path, os.O_RDONLY)
        try:
            while os.read(file, 65536):
                pass
        finally:
            os.close(file)
        return 0
    return action, lambda: None


def run(action):
    try:
        return action()
    except OSError as error:
        return error.errno


action, after = {'load': load, 'write': write, 'read': read}[sys.argv[1]](*sys.argv[2:])
control = os.open('/proc/thread-self/fail-nth', os.O_RDWR)
ends, nth, left = {}, 0, 0
while left == 0:
    nth += 1
    os.write(control, b'%d' % nth)
    result = run(action)
    # What is left is 0 when the failure has happened.
    left = int(os.pread(control, 20, 0))
    os.write(control, b'0')
    name = errno.errorcode.get(result, 'ok')
    if left == 0:
        ends[name] = ends.get(name, 0) + 1
    if result == 0:
        after()
print(json.dumps({'failures': nth - 1, 'ends': ends, 'last': name}))
