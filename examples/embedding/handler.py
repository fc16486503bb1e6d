"""Sentence embeddings on RunPod's own Python SDK: the same file runs on RunPod Serverless and on Longshore.

Input `{"text": "…"}` or `{"texts": ["…", …]}`; output the unit vectors, and for several texts how similar each pair is.
"""

import runpod

from minilm import SentenceModel

MODEL_NAME = "all-MiniLM-L6-v2"
TEXTS_MAX = 64
CHARACTERS_MAX = 20_000

model = SentenceModel()


def read_texts(job_input):
    """The texts of an input, or a ValueError that names the field and its bound."""
    if not isinstance(job_input, dict) or ("text" in job_input) == ("texts" in job_input):
        raise ValueError('input must be {"text": "…"} or {"texts": ["…", …]}')
    texts = job_input["texts"] if "texts" in job_input else [job_input["text"]]
    if not isinstance(texts, list) or not 1 <= len(texts) <= TEXTS_MAX:
        raise ValueError(f"input.texts must be a list of 1 to {TEXTS_MAX} texts")
    for text in texts:
        if not isinstance(text, str) or not text.strip() or len(text) > CHARACTERS_MAX:
            raise ValueError(f"every text must be a string of 1 to {CHARACTERS_MAX} characters that are not all blank")
    return texts


def handler(job):
    try:
        texts = read_texts(job["input"])
    except ValueError as problem:
        return {"error": str(problem)}
    vectors = model.embed(texts)
    output = {
        "model": MODEL_NAME,
        "dimensions": model.dimensions,
        "embeddings": [[round(float(x), 6) for x in vector] for vector in vectors],
    }
    if len(texts) > 1:
        output["similarity"] = [[round(float(x), 4) for x in row] for row in vectors @ vectors.T]
    return output


if __name__ == "__main__":
    runpod.serverless.start({"handler": handler})
