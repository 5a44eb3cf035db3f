"""An OpenAI-compatible endpoint on loopback that answers as a test tells it to."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ANALYSIS = "Content: kind words\nReason: partly\nActivity: well\nAnalysis: a bit lighter\nChange: {change}"
REPLY = "Thinking: go on\nResponse: {text}"


def analysis(change: object = "+5") -> str:
    """A readable judgement."""
    return ANALYSIS.format(change=change)


def reply(text: str = "And then?") -> str:
    """A readable answer."""
    return REPLY.format(text=text)


def completion(text: str | None, finish: str = "stop") -> bytes:
    """The body of a chat completion."""
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    return json.dumps({"choices": [{"message": message, "finish_reason": finish}], "usage": usage}).encode()


@dataclass
class Answer:
    """What the endpoint sends."""

    body: bytes
    status: int = 200
    delay: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


Behaviour = Callable[[dict[str, Any], int], Answer | str]


def asks_for_analysis(request: dict[str, Any]) -> bool:
    """Whether a request is the first of the two questions of a turn."""
    return "Change:" in request["messages"][0]["content"]


def kind(request: dict[str, Any], number: int) -> str:
    """Answers every question readably."""
    return analysis() if asks_for_analysis(request) else reply()


@dataclass
class Stub:
    """The endpoint's address, and what it was asked."""

    url: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    at_once: int = 0
    busy: int = 0


@contextmanager
def stub_endpoint(behaviour: Behaviour = kind) -> Iterator[Stub]:
    """Serve on loopback; ``behaviour`` gets each request's body and its number, from 0."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                number = len(stub.requests)
                stub.requests.append(body)
                stub.headers.append(dict(self.headers))
                stub.busy += 1
                stub.at_once = max(stub.at_once, stub.busy)
            found = behaviour(body, number)
            answer = Answer(completion(found)) if isinstance(found, str) else found
            time.sleep(answer.delay)
            with lock:
                stub.busy -= 1
            self._send(answer)

        def _send(self, answer: Answer) -> None:
            try:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body[: len(answer.body) // 2] if answer.cut else answer.body)
                self.close_connection = self.close_connection or answer.cut
            except OSError:
                pass  # the client gave up waiting

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    stub = Stub(f"http://127.0.0.1:{server.server_address[1]}/v1")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
