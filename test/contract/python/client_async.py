"""Every call of RunPod's asyncio Python client, in order; prints what each returned as one JSON object."""
import asyncio
import json
import os
import sys

import runpod
from runpod import AsyncioEndpoint
from runpod.http_client import AsyncClientSession

runpod.api_key = os.environ["KEY"]


async def main():
    seen = {}
    async with AsyncClientSession() as session:
        endpoint = AsyncioEndpoint(os.environ["ENDPOINT"], session)
        job = await endpoint.run({"n": 1})
        seen["run_id"] = job.job_id
        seen["output"] = await job.output(timeout=30)
        seen["status"] = await job.status()

        jobs = [await endpoint.run({"n": n}) for n in range(8)]
        seen["many"] = [(await job.output(timeout=30))["raw"]["n"] for job in jobs]

        running = await endpoint.run({"sleepMs": 60000})
        while await running.status() == "IN_QUEUE":
            await asyncio.sleep(0.05)
        seen["cancel"] = await running.cancel()
        seen["cancelled"] = await running.status()

        streaming = await endpoint.run({"chunks": 4, "everyMs": 300})
        seen["stream"] = [chunk async for chunk in streaming.stream()]

        late = await endpoint.run({"sleepMs": 60000})
        try:
            await late.output(timeout=1)
        except TimeoutError as error:
            seen["output_timeout"] = str(error)
        await late.cancel()

        blockers = [await endpoint.run({"sleepMs": 60000}) for _ in range(2)]
        while "IN_QUEUE" in [await blocker.status() for blocker in blockers]:
            await asyncio.sleep(0.05)
        await endpoint.run({"n": 9})
        seen["purge"] = await endpoint.purge_queue()
        for blocker in blockers:
            await blocker.cancel()

        seen["health"] = await endpoint.health()
    json.dump(seen, sys.stdout)


asyncio.run(main())
