"""One handler for every release of RunPod's worker SDK: its kind is in MODE, what it does is in the input."""
import asyncio
import os
import time

import runpod

MODE = os.environ["MODE"]


def answer(job):
    return {"pid": os.getpid(), "version": runpod.__version__, "release": os.environ.get("RELEASE"), "id": job["id"], "given": job["input"]}


def is_first_run(job):
    """True once for each job, whatever process asks."""
    try:
        open(os.path.join(os.environ["MARKS"], job["id"]), "x").close()
        return True
    except FileExistsError:
        return False


def plain(job):
    given = job["input"]
    if "progress" in given:
        runpod.serverless.progress_update(job, given["progress"])
    time.sleep(given.get("sleep", 0))
    if "crash" in given and is_first_run(job):
        os._exit(given["crash"])
    if "raise" in given:
        raise ValueError(given["raise"])
    if "return" in given:
        return given["return"]
    if "refresh" in given:
        return {**answer(job), "refresh_worker": given["refresh"]}
    return answer(job)


def generator(job):
    given = job["input"]
    for n in range(given.get("count", 0)):
        yield {"n": n}
        time.sleep(given.get("every", 0))
    if "raise" in given:
        raise ValueError(given["raise"])
    if "yield" in given:
        yield given["yield"]


async def async_generator(job):
    given = job["input"]
    for n in range(given.get("count", 0)):
        yield {"n": n}
        await asyncio.sleep(given.get("every", 0))


here = 0
most = 0


async def concurrent(job):
    """A job with `together` ends only when so many are running in this process, one with `sleep` after that time."""
    global here, most
    here += 1
    most = max(most, here)
    try:
        for _ in range(600):
            if most >= job["input"].get("together", 0):
                break
            await asyncio.sleep(0.05)
        await asyncio.sleep(job["input"].get("sleep", 0))
        return {**answer(job), "most": most}
    finally:
        here -= 1


CONFIGS = {
    "plain": {"handler": plain},
    "generator": {"handler": generator},
    "async_generator": {"handler": async_generator, "return_aggregate_stream": True},
    # Releases before 1.4 ask the first whether they are full, later ones the second how many jobs they may hold.
    "concurrent": {"handler": concurrent, "concurrency_controller": lambda: False, "concurrency_modifier": lambda current: 3},
    "refresh": {"handler": plain, "refresh_worker": True},
}
runpod.serverless.start(CONFIGS[MODE])
