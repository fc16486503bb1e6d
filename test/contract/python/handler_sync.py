"""A plain handler."""
import runpod


def handler(job):
    value = job["input"]
    return {"got": value, "id": job["id"], "doubled": value.get("n", 0) * 2}


runpod.serverless.start({"handler": handler})
