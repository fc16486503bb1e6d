"""Handlers' odd ends, chosen by the input: an exception, an empty dict, an error member, a value that is no dict."""
import runpod


def handler(job):
    what = job["input"].get("what")
    if what == "raise":
        raise ValueError("the handler's own words: žluť")
    if what == "empty":
        return {}
    if what == "error":
        return {"error": "refused by the handler", "detail": 7}
    if what == "error_object":
        return {"error": {"code": 7}}
    if what == "none":
        return None
    if what == "list":
        return [1, "two", None]
    return job["input"]


runpod.serverless.start({"handler": handler})
