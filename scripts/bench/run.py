# Runs a command, and says on file descriptor 3 what it took: wall and CPU seconds with all its children, peak memory in kilobytes, exit code.
import json, os, sys, time

start = time.monotonic()
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_CLOSE, 3)])
_, status, usage = os.wait4(pid, 0)
took = {'wall': time.monotonic() - start, 'cpu': usage.ru_utime + usage.ru_stime, 'peak': usage.ru_maxrss, 'code': os.waitstatus_to_exitcode(status)}
os.write(3, json.dumps(took).encode())
