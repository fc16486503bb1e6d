"""Every call of RunPod's synchronous Python client, in order; prints what each returned as one JSON object."""
import json
import os
import sys
import time

import requests
import runpod

runpod.api_key = os.environ["KEY"]
endpoint = runpod.Endpoint(os.environ["ENDPOINT"])
seen = {"version": runpod.__version__}

job = endpoint.run({"input": {"n": 1}})
seen["run_id"] = job.job_id
seen["output"] = job.output(timeout=30)
seen["status"] = job.status()

# Anything without a truthy `input` is wrapped.
seen["wrapped"] = endpoint.run({"n": 2}).output(timeout=30)

seen["run_sync"] = endpoint.run_sync({"input": {"n": 3}}, timeout=30)
seen["run_sync_long"] = endpoint.run_sync({"input": {"sleepMs": 1500, "n": 4}}, timeout=30)
seen["run_sync_failed"] = endpoint.run_sync({"input": {"fail": "no luck"}}, timeout=30)

running = endpoint.run({"input": {"sleepMs": 60000}})
while running.status() == "IN_QUEUE":
    time.sleep(0.05)
seen["cancel"] = running.cancel()
seen["cancelled"] = running.status()

seen["stream"] = list(endpoint.run({"input": {"chunks": 4, "everyMs": 300}}).stream())
failing = endpoint.run({"input": {"chunks": 1, "fail": "half way"}})
seen["stream_failed"] = [list(failing.stream()), failing.status(), failing.output()]

# Silent for longer than the 10 s that this client waits for a byte.
seen["stream_late"] = list(endpoint.run({"input": {"chunks": 1, "everyMs": 11500}}).stream())

blockers = [endpoint.run({"input": {"sleepMs": 60000}}) for _ in range(2)]
while any(blocker.status() == "IN_QUEUE" for blocker in blockers):
    time.sleep(0.05)
waiting = [endpoint.run({"input": {"n": n}}) for n in range(3)]
seen["purge"] = endpoint.purge_queue()
seen["purged"] = [job.status() for job in waiting]
seen["not_purged"] = [job.status() for job in blockers]
for blocker in blockers:
    blocker.cancel()

with_policy = {"input": {"n": 5}, "policy": {"executionTimeout": 5000, "ttl": 60000, "lowPriority": True}}
seen["policy"] = endpoint.run_sync(with_policy, timeout=30)

late = endpoint.run({"input": {"sleepMs": 60000}})
try:
    late.output(timeout=1)
except TimeoutError as error:
    seen["output_timeout"] = str(error)
late.cancel()

seen["health"] = endpoint.health()

try:
    runpod.Endpoint("nosuchendpoint").run({"input": {"n": 1}})
except requests.HTTPError as error:
    seen["unknown_endpoint"] = error.response.status_code

runpod.api_key = "wrong"
try:
    runpod.Endpoint(os.environ["ENDPOINT"]).run({"input": {"n": 1}})
except RuntimeError as error:
    seen["wrong_key"] = str(error)

json.dump(seen, sys.stdout)
