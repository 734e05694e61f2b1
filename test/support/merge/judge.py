"""What cloud-init's own code makes of user-data: the part list, the merged config, the scripts it would run, what it warns of.

python3 judge.py DIST_PACKAGES <CASES >RESULTS, both JSON: CASES maps a name to user-data in base64. Each case has a process and a cloud
directory of its own. File names that cloud-init made up by counting are given as part-N: they depend on how many parts there are.
"""

import base64
import json
import logging
import os
import re
import sys
import tempfile

sys.path.insert(0, sys.argv[1])

from cloudinit import stages  # noqa: E402
from cloudinit.settings import PER_INSTANCE  # noqa: E402
from cloudinit.sources.DataSourceNone import DataSourceNone  # noqa: E402

import yaml  # noqa: E402


class Warnings(logging.Handler):
    def __init__(self):
        logging.Handler.__init__(self, logging.WARNING)
        self.seen = []

    def emit(self, record):
        self.seen.append(record.getMessage())


def consume(root, user_data):
    """Init's own way from raw user-data to an instance directory."""
    init = stages.Init()
    init._cfg = {"system_info": {"distro": "debian", "paths": {"cloud_dir": root + "/cloud", "run_dir": root + "/run"}}}
    source = DataSourceNone({}, init.distro, init.paths)
    source.userdata_raw = user_data
    init.datasource = source
    init.paths.datasource = source
    instance = root + "/cloud/instances/" + source.get_instance_id()
    for folder in [root + "/run", root + "/cloud/handlers", instance + "/handlers", instance + "/scripts"]:
        os.makedirs(folder)
    os.symlink(instance, root + "/cloud/instance")
    for name in ["instance-data.json", "instance-data-sensitive.json"]:  # before and since 22.3
        with open(root + "/run/" + name, "w") as data:
            json.dump({"v1": {"region": "cn-test"}}, data)
    init._consume_userdata(PER_INSTANCE)


def read(path):
    with open(path, "rb") as file:
        return file.read().decode("utf-8", "surrogateescape")


def files(root, folder):
    """[name, content], in the order in which cloud-init runs them."""
    path = os.path.join(root, "cloud", folder)
    if not os.path.isdir(path):
        return []
    names = sorted(name for name in os.listdir(path) if os.path.isfile(os.path.join(path, name)))
    return [[re.sub(r"^part-\d+$", "part-N", name), read(os.path.join(path, name))] for name in names]


def judge(user_data):
    warnings = Warnings()
    logging.getLogger().addHandler(warnings)
    logging.getLogger().setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as root:
        os.environ["JUDGE"] = root
        os.makedirs(root + "/cloud/seen")
        try:
            consume(root, user_data)
            error = None
        except Exception as failure:  # as cloud-init's main does: nothing of user-data is used
            error = str(failure).replace(root, "")
        config = root + "/cloud/instance/cloud-config.txt"
        return {
            "error": error,
            "config": yaml.safe_load(read(config)) if os.path.exists(config) else None,
            "scripts": files(root, "instance/scripts"),
            "perBoot": files(root, "scripts/per-boot"),
            "perInstance": files(root, "scripts/per-instance"),
            "perOnce": files(root, "scripts/per-once"),
            "boothooks": files(root, "instance/boothooks"),
            "handlers": files(root, "instance/handlers"),
            "seen": files(root, "seen"),
            "warnings": [re.sub(r"part-\d+", "part-N", said).replace(root, "") for said in warnings.seen],
        }


def in_a_process(user_data):
    """Handlers that user-data brings are modules: they stay in the process that imported them."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        with os.fdopen(writer, "w") as out:
            json.dump(judge(user_data), out, default=repr)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.wait()
    return json.loads(text)


cases = json.load(sys.stdin)
json.dump({name: in_a_process(base64.b64decode(data)) for name, data in cases.items()}, sys.stdout)
