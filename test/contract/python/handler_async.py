"""A coroutine handler that reports progress on its way."""
import asyncio

import runpod


async def handler(job):
    runpod.serverless.progress_update(job, {"step": 1})
    await asyncio.sleep(job["input"].get("seconds", 0))
    return {"async": True, "got": job["input"]}


runpod.serverless.start({"handler": handler})
