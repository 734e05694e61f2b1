#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Completes the lifecycle hook that this instance waits in. Run by its unit once toa-ready.target is reached.

A lifecycle action belongs to a scaling activity and may cover several instances, and completing it releases all of them. So each
instance tags itself first, and the one that sees the tag on all of them completes it: that is the last one at the latest.
"""
import json
import subprocess
import sys
import urllib.request

CONFIG = "/etc/toa-lifecycle-hook.json"
INSTANCE_ID = "http://100.100.100.200/latest/meta-data/instance-id"
TAG = "toa-ready"


def objects(answer, key):
    """Every object that has `key`, however deep: the versions of the API nest their lists differently."""
    if isinstance(answer, dict):
        if key in answer:
            yield answer
        answer = list(answer.values())
    if isinstance(answer, list):
        for value in answer:
            yield from objects(value, key)


def find(answer, key):
    return [found[key] for found in objects(answer, key)]


def texts(value):
    """Every text in a list, or in a list in an object."""
    if isinstance(value, str):
        return [value]
    return [text for inner in (value.values() if isinstance(value, dict) else value) for text in texts(inner)]


def main():
    with open(sys.argv[1] if len(sys.argv) > 1 else CONFIG) as file:
        config = json.load(file)

    def aliyun(*words):
        done = subprocess.run(["aliyun", *words], check=True, stdout=subprocess.PIPE, universal_newlines=True)
        return done.stdout

    def call(product, action, **parameters):
        words = [word for name, value in parameters.items() for word in ("--" + name.replace("_", "."), value)]
        return json.loads(aliyun(product, action, "--profile", TAG, "--RegionId", config["region"], *words))

    aliyun("configure", "set", "--profile", TAG, "--mode", "EcsRamRole", "--ram-role-name", config["role"], "--region", config["region"])
    me = urllib.request.urlopen(INSTANCE_ID, timeout=10).read().decode()
    call("ecs", "TagResources", ResourceType="instance", ResourceId_1=me, Tag_1_Key=TAG, Tag_1_Value="yes")
    running = call("ess", "DescribeScalingActivities", ScalingGroupId=config["scaling_group"], StatusCode="InProgress")
    for activity in find(running, "ScalingActivityId"):
        answer = call("ess", "DescribeLifecycleActions", ScalingActivityId=activity, LifecycleActionStatus="Pending")
        for action in objects(answer, "LifecycleActionToken"):
            covered = texts(action["InstanceIds"])
            if action["LifecycleHookId"] != config["hook"] or me not in covered:
                continue
            asked = {"ResourceId_%d" % number: one for number, one in enumerate(covered, 1)}
            tags = call("ecs", "ListTagResources", ResourceType="instance", Tag_1_Key=TAG, **asked)
            waiting = set(covered) - set(find(tags, "ResourceId"))
            if waiting:
                print("ready; the action also waits for " + ", ".join(sorted(waiting)))
                continue
            call("ess", "CompleteLifecycleAction", LifecycleHookId=config["hook"],
                 LifecycleActionToken=action["LifecycleActionToken"], LifecycleActionResult="CONTINUE")
            print("completed lifecycle action of " + activity)


if __name__ == "__main__":
    main()
