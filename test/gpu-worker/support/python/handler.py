"""One handler for all that the protocol test asks for, on RunPod's own SDK."""
import asyncio
import os
import time

import runpod

MODE = os.environ["MODE"]


def sync_handler(job):
    given = job["input"]
    if given.get("fail"):
        raise ValueError("no such model")
    if given.get("empty"):
        return {}
    if given.get("error"):
        return {"error": "told so", "kept": 1}
    if given.get("progress"):
        runpod.serverless.progress_update(job, "half way")
        time.sleep(0.5)
    return {"id": job["id"], "got": given}


async def async_handler(job):
    await asyncio.sleep(job["input"].get("sleep", 0))
    return job["input"]


def generator(job):
    for n in range(job["input"]["count"]):
        yield {"n": n}


CONFIG = {
    "sync": {"handler": sync_handler},
    "async": {"handler": async_handler, "concurrency_modifier": lambda current: 4},
    "generator": {"handler": generator, "return_aggregate_stream": True},
}
runpod.serverless.start(CONFIG[MODE])
