"""One process, four jobs at once: each job waits until all four are running, so it can only end when they share the process."""
import asyncio
import os

import runpod

together = 0
all_here = asyncio.Event()


async def handler(job):
    global together
    together += 1
    if together >= 4:
        all_here.set()
    await asyncio.wait_for(all_here.wait(), timeout=30)
    return {"pid": os.getpid(), "n": job["input"]["n"]}


runpod.serverless.start({"handler": handler, "concurrency_modifier": lambda current: 4})
