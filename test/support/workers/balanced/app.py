"""A plain HTTP app behind a load-balancing endpoint: threads, HTTP/1.1, nothing but the standard library."""
import gzip
import hashlib
import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

STARTED = time.monotonic()
READY_AFTER_S = float(os.environ.get("READY_AFTER_S", "0"))
FIRST_PING = {}
GATE = threading.Event()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while True:
                size = int(self.rfile.readline().split(b";")[0], 16)
                part = self.rfile.read(size)
                self.rfile.readline()
                if size == 0:
                    return b"".join(parts)
                parts.append(part)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self, status, content, kind="application/json", extra=()):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in extra:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def serve(self):
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path == "/ping":
            begun = FIRST_PING.setdefault("at", time.monotonic())
            ready = time.monotonic() - begun >= READY_AFTER_S and not os.path.exists(os.environ.get("SICK_FILE", "/nonexistent"))
            self.send_response(200 if ready else (503 if os.path.exists(os.environ.get("SICK_FILE", "/nonexistent")) else 204))
            self.send_header("Content-Length", "0") if ready else None
            self.end_headers()
        elif url.path == "/events":
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for n in range(3):
                text = f"data: {n}\n\n".encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
                self.wfile.flush()
                GATE.wait(30)
                GATE.clear()
            self.wfile.write(b"0\r\n\r\n")
        elif url.path == "/next":
            GATE.set()
            self.answer(200, b"{}")
        elif url.path == "/bytes":
            self.answer(200, b"x" * int(query["n"]), "application/octet-stream")
        elif url.path == "/slow":
            time.sleep(float(query["s"]))
            self.answer(200, json.dumps({"worker": os.environ["RUNPOD_POD_ID"]}).encode())
        elif url.path == "/crash":
            self.body()
            os._exit(3)
        elif url.path == "/teapot":
            self.answer(418, b"short and stout", "text/plain", (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Runpod-Worker-Id", "made-up"), ("Connection", "close, x-hop"), ("X-Hop", "1")))
        elif url.path == "/gzip":
            self.answer(200, gzip.compress(b"squeezed " * 1000), "text/plain", (("Content-Encoding", "gzip"),))
        elif url.path == "/moved":
            self.answer(302, b"", extra=(("Location", "/elsewhere"),))
        elif url.path == "/env":
            self.answer(200, json.dumps(dict(os.environ)).encode())
        else:
            body = self.body()
            seen = {"method": self.command, "path": self.path, "headers": self.headers.items(), "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest(), "worker": os.environ["RUNPOD_POD_ID"]}
            self.answer(200, json.dumps(seen).encode())

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.serve
        raise AttributeError(name)


ThreadingHTTPServer.request_queue_size = 128
ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
