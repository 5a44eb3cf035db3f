"""One event loop in the background, so that connections to a service outlive a step."""

import asyncio
import threading
from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end and return its result, also where a loop already runs, as in a notebook.

    All coroutines share one loop. With a loop a call, each step of an environment would have to
    connect to its service anew.
    """
    future = asyncio.run_coroutine_threadsafe(coroutine, _loop())
    try:
        return future.result()
    except BaseException:  # an interrupt of the caller must not leave requests behind
        future.cancel()
        raise


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="empdetect users", daemon=True).start()
    return loop
