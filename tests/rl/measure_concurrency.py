"""How long 32 dialogues of 8 turns take with an endpoint that answers in 200 ms.

    python -m tests.rl.measure_concurrency -o docs/results/rl_concurrency.json

Two questions a turn make 16 waits, so 3.2 s is the least. What comes on top is the work of this process;
its CPU time is told apart, as a busy machine stretches the rest.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from empdetect.bench.study import write_study
from empdetect.rl.environment import EmpathyEnvironment
from empdetect.rl.profiles import read_profiles
from empdetect.rl.users.endpoint import Endpoint
from empdetect.rl.users.sentient import SentientUser
from tests.rl.stub_endpoint import completion, kind

DIALOGUES, TURNS, SECONDS = 32, 8, 0.2


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection: read a request, wait, answer; until it is closed."""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            request = json.loads(await reader.readexactly(length))
            await asyncio.sleep(SECONDS)
            body = completion(kind(request, 0))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def serve(told: Any) -> None:
    """Serve for ever, in a process of its own."""

    async def begin() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        told.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(begin())


def talk(port: int) -> tuple[float, float]:
    """Wall and CPU seconds of all dialogues."""
    user = SentientUser(Endpoint(f"http://127.0.0.1:{port}/v1", "tiny", concurrency=DIALOGUES))
    environment = EmpathyEnvironment(user, TURNS)
    profiles = [replace(profile, id=str(number)) for number, profile in enumerate(read_profiles()[:DIALOGUES])]
    wall, cpu = time.perf_counter(), time.process_time()
    environment.reset(profiles)
    while environment.live:
        environment.step(["I can hear how much that weighs on you."] * len(environment.live))
    assert {len(dialogue.replies) for dialogue in environment.dialogues} == {TURNS}
    assert not any(dialogue.failed for dialogue in environment.dialogues)
    return time.perf_counter() - wall, time.process_time() - cpu


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser("python -m tests.rl.measure_concurrency", description=__doc__)
    parser.add_argument("-o", "--out", type=Path, help="file of results (JSON)")
    parser.add_argument("--times", type=int, default=5, help="how often (default: %(default)s)")
    parsed = parser.parse_args(arguments)
    told: Any = multiprocessing.Queue()
    process = multiprocessing.Process(target=serve, args=(told,), daemon=True)
    process.start()
    port, least = told.get(), TURNS * 2 * SECONDS
    found = [talk(port) for _ in range(parsed.times)]
    process.terminate()
    for taken, worked in found:
        sys.stdout.write(
            f"{taken:.2f} s, {taken / least:.2f} times the least of {least:g} s; {worked:.2f} s of CPU; "
            f"{os.getloadavg()[0]:.1f} processes wanted the {os.cpu_count()} cores\n"
        )
    if parsed.out:
        figures = {
            "least_seconds": least,
            "seconds": [taken for taken, _ in found],
            "processor_seconds": [worked for _, worked in found],
            "median_ratio": statistics.median(taken for taken, _ in found) / least,
            "processes_waiting": os.getloadavg()[0],
        }
        write_study(parsed.out, f"python -m tests.rl.measure_concurrency -o {parsed.out}", 0, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
