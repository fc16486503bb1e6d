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
