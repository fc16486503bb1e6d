"""An async generator that answers OpenAI calls as worker-vllm does: raw SSE text in pieces, one object, errors as an error dict."""
import asyncio
import base64
import json
import os
import struct

import runpod

NOT_FOUND = {"error": {"message": "The model `missing` doesn't exist.", "type": "NotFoundError", "param": "model", "code": 404}}


def refused(status, body):
    return {"error": {"message": f"vLLM returned HTTP {status}: {json.dumps(body)}", "type": "worker_error", "code": None}}


def completion(text, model, usage):
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000, "model": model, "choices": [choice], "usage": usage}


def embedding(text, encoding):
    vector = [float(len(text)), 0.5, -1.0]
    return base64.b64encode(struct.pack("<3f", *vector)).decode() if encoding == "base64" else vector


async def streamed(words, model, usage, pause):
    """Events as they leave vLLM's socket: the cut falls where it falls."""
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "model": model}
    for word in words:
        delta = {**head, "choices": [{"index": 0, "delta": {"role": "assistant", "content": word}, "finish_reason": None}]}
        text = f"data: {json.dumps(delta, ensure_ascii=False)}\n\n"
        yield text[:17]
        await asyncio.sleep(0.02)
        yield text[17:]
        await asyncio.sleep(pause)
    end = {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    yield f"data: {json.dumps(end)}\n\ndata: {json.dumps({**head, 'choices': [], 'usage': usage})}\n\ndata: [DONE]\n\n"


async def handler(job):
    route, body = job["input"]["openai_route"], job["input"]["openai_input"]
    if route == "/v1/models":
        yield {"object": "list", "data": [{"id": "tiny", "object": "model", "created": 1700000000, "owned_by": "vllm"}]}
        return
    model = body.get("model")
    if model == "missing":
        yield refused(404, NOT_FOUND)
        return
    if route == "/v1/embeddings":
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        data = [{"object": "embedding", "index": n, "embedding": embedding(text, body.get("encoding_format"))} for n, text in enumerate(texts)]
        yield {"object": "list", "model": model, "data": data, "usage": {"prompt_tokens": 3, "total_tokens": 3}}
        return
    if route != "/v1/chat/completions":
        yield refused(404, {"detail": "Not Found"})
        return
    if body.get("max_tokens", 1) < 1:
        yield refused(400, {"error": {"message": "max_tokens must be at least 1, it's \"0\"", "type": "BadRequestError", "param": "max_tokens", "code": 400}})
        return
    usage = {"prompt_tokens": 2, "completion_tokens": 4, "total_tokens": 6}
    words = str(body["messages"][-1]["content"]).split(" ")
    if body.get("stream"):
        async for piece in streamed(words, model, usage, 30 if "forever" in words else 0):
            yield piece
        return
    if "forever" in words:
        await asyncio.sleep(120)
    yield completion(" ".join(reversed(words)), model, usage)


runpod.serverless.start({"handler": handler, "return_aggregate_stream": True, "concurrency_modifier": lambda _: int(os.environ.get("CONCURRENCY", "4"))})
