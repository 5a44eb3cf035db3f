"""A language model behind any OpenAI-compatible endpoint: vLLM, SGLang, ``transformers serve`` or a vendor."""

import asyncio
import json
import os
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from empdetect.errors import InputError
from empdetect.rl.dialogue import Exchange, split_thought

if TYPE_CHECKING:
    import httpx
    from tenacity import RetryCallState

Message = Mapping[str, str]

AGAIN = frozenset({408, 409, 425, 429})
"""HTTP statuses below 500 that may go away; all others there, such as 401, are final."""
NEVER = frozenset({501, 505})
"""HTTP statuses that stay however often one asks; the others from 500 on, also those of proxies, may go away."""
CUT = "an answer cut at max_tokens"
"""The failure after which the question is asked with another seed, as the same one would be cut at the same place."""


class EndpointFailed(Exception):  # noqa: N818 - says what happened
    """No answer came, however often it was asked.

    Args:
        problem: what went wrong the last time.
        exchange: what was asked, and all that went wrong.
    """

    def __init__(self, problem: str, exchange: Exchange) -> None:
        super().__init__(problem)
        self.exchange = exchange


class _TryAgain(Exception):  # noqa: N818 - says what to do
    """The attempt failed in a way that may go away."""

    def __init__(self, problem: str, wait: float = 0.0) -> None:
        super().__init__(problem)
        self.wait = wait


class _Final(Exception):  # noqa: N818 - says what it is
    """The attempt failed for good."""


@dataclass
class _Call:
    """One question while it is asked.

    Args:
        request: its body, as it is asked first.
        failures: what went wrong so far, one an attempt.
        prompt_tokens, completion_tokens: of all attempts, as a cut answer is paid for too.
    """

    request: str
    failures: list[str] = field(default_factory=list)
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def content(self) -> bytes:
        """What the next attempt sends; the seed is one higher for each answer that was cut."""
        cut = self.failures.count(CUT)
        if not cut:
            return self.request.encode()
        body = json.loads(self.request)
        return _as_json({**body, "seed": (int(body["seed"] or 0) + cut) % 2**31}).encode()

    def exchange(self, answer: str | None = None) -> Exchange:
        """What is kept of it."""
        return Exchange(self.request, answer, tuple(self.failures), self.prompt_tokens, self.completion_tokens)


class Endpoint:
    """Asks one language model, at most so many questions at a time, and never for ever.

    The longest that one question can take is ``attempts * timeout + (attempts - 1) * longest_wait``
    seconds, besides the time it stands in line. Nothing is sent to anybody but ``base_url``.

    Args:
        base_url: address up to and with the version, as in ``http://127.0.0.1:8000/v1``.
        model: name of the model, as the service calls it.
        key_variable: environment variable that holds the key; where it is not set, no key is sent. The key
            itself is never kept, so it can be in no configuration and no cassette.
        temperature: of the sampling.
        max_tokens: tokens an answer at most.
        timeout: seconds an attempt may take, from the first byte to the last.
        attempts: how often a question is asked at most.
        longest_wait: seconds between two attempts at most; it starts at ``shortest_wait`` and doubles, and a
            service that says how long to wait (``Retry-After``) is obeyed up to this. Up to half of each wait is
            left out by a chance that hangs on the question alone, so that not all come back at once.
        shortest_wait: seconds before the second attempt, at most.
        concurrency: questions at a time.
        prompt_price, completion_price: of a million tokens, in any currency; to tell the cost.
        extra: what else the request says, such as ``{"top_p": 0.9}``.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        key_variable: str = "OPENAI_API_KEY",
        temperature: float = 0.5,
        max_tokens: int = 1024,
        timeout: float = 60.0,
        attempts: int = 4,
        longest_wait: float = 30.0,
        shortest_wait: float = 0.5,
        concurrency: int = 32,
        prompt_price: float = 0.0,
        completion_price: float = 0.0,
        extra: dict[str, Any] | None = None,
    ) -> None:
        if not base_url.startswith(("http://", "https://")):
            raise InputError(
                f"Reaching a language model: base_url must start with http:// or https://, got '{base_url}'"
            )
        if attempts < 1 or concurrency < 1 or timeout <= 0:
            raise InputError(
                f"Reaching a language model: attempts and concurrency must be 1 or more and timeout above 0, "
                f"got {attempts}, {concurrency} and {timeout}"
            )
        self.base_url = base_url
        self.model = model
        self.key_variable = key_variable
        self.temperature = temperature
        self.max_tokens = max_tokens
        self.timeout = timeout
        self.attempts = attempts
        self.longest_wait = longest_wait
        self.shortest_wait = shortest_wait
        self.concurrency = concurrency
        self.prompt_price = prompt_price
        self.completion_price = completion_price
        self.extra = extra
        self._loop: asyncio.AbstractEventLoop | None = None
        self._url: httpx.URL | str = base_url  # taken apart once, as that costs a tenth of a request
        self._free: asyncio.LifoQueue[httpx.AsyncClient] = asyncio.LifoQueue()

    async def ask(self, messages: Iterable[Message], seed: int) -> Exchange:
        """Ask for the next message.

        Args:
            messages: the chat so far, as ``{"role": ..., "content": ...}``.
            seed: of the sampling; a service that knows no seed ignores it.

        Raises:
            EndpointFailed: no answer came.
        """
        request = self.request(messages, seed)
        lines = self._lines()
        line = await lines.get()
        try:
            return await self._ask(request, line)
        finally:
            lines.put_nowait(line)

    def request(self, messages: Iterable[Message], seed: int) -> str:
        """The body of a request as JSON with sorted keys."""
        body = {
            "model": self.model,
            "messages": [dict(message) for message in messages],
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "seed": seed,
            **(self.extra or {}),
        }
        return _as_json(body)

    async def _ask(self, request: str, line: "httpx.AsyncClient") -> Exchange:
        from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt

        call = _Call(request)
        retrying = AsyncRetrying(
            stop=stop_after_attempt(self.attempts),
            wait=partial(self._wait, request),
            retry=retry_if_exception_type(_TryAgain),
            reraise=True,
        )
        try:
            async for attempt in retrying:
                with attempt:
                    return await self._attempt(call, line)
        except (_TryAgain, _Final) as problem:
            raise EndpointFailed(str(problem), call.exchange()) from None
        raise AssertionError("unreachable: the last attempt returns or raises")

    def wait_after(self, request: str, number: int, told: float = 0.0) -> float:
        """Seconds to wait after the attempt of this number, from 1, where the service told to wait so long."""
        half = min(self.shortest_wait * 2.0 ** (number - 1), self.longest_wait) / 2.0
        return min(max(half, told) + half * random.Random(f"{request}/{number}").random(), self.longest_wait)

    def _wait(self, request: str, state: "RetryCallState") -> float:
        error = state.outcome.exception() if state.outcome else None
        return self.wait_after(request, state.attempt_number, error.wait if isinstance(error, _TryAgain) else 0.0)

    async def _attempt(self, call: _Call, line: "httpx.AsyncClient") -> Exchange:
        try:
            return await self._once(call, line)
        except (_TryAgain, _Final) as problem:
            call.failures.append(str(problem))
            raise

    async def _once(self, call: _Call, line: "httpx.AsyncClient") -> Exchange:
        import httpx

        headers = {"Content-Type": "application/json"}
        if key := os.environ.get(self.key_variable):
            headers["Authorization"] = f"Bearer {key}"
        try:
            async with asyncio.timeout(self.timeout):
                response = await line.send(httpx.Request("POST", self._url, headers=headers, content=call.content))
        except TimeoutError:
            raise _TryAgain(f"no answer within {self.timeout:g} s") from None
        except httpx.HTTPError as error:
            raise _TryAgain(f"no connection: {type(error).__name__}") from None
        _check_status(response)
        return call.exchange(_read_answer(response, call))

    def _lines(self) -> "asyncio.LifoQueue[httpx.AsyncClient]":
        """The free connections of the loop that runs, one client each; a loop of its own needs its own.

        One client with many connections looks through all of them for every request, twice.
        """
        httpx = _need_httpx()
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._free = loop, asyncio.LifoQueue()
            # A proxy of the environment is for the outside, not for a server of this machine.
            url = self._url = httpx.URL(f"{self.base_url.rstrip('/')}/chat/completions")
            local = url.host in ("127.0.0.1", "localhost", "::1")
            # Reading the certificates takes longer than several answers; one reading is enough, and none without TLS.
            certificates = httpx.create_ssl_context() if url.scheme == "https" else False
            for _ in range(self.concurrency):
                self._free.put_nowait(httpx.AsyncClient(verify=certificates, timeout=None, trust_env=not local))
        return self._free


class RecordedEndpoint(Endpoint):
    """Gives recorded answers, in their order, to the very questions they were given to.

    Args:
        endpoint: the one that was asked.
        exchanges: what it was asked and answered.
    """

    def __init__(self, endpoint: Endpoint, exchanges: Sequence[Exchange]) -> None:
        self.endpoint = endpoint
        self.exchanges = exchanges
        self._left = list(exchanges)

    async def ask(self, messages: Iterable[Message], seed: int) -> Exchange:
        """The next recorded answer.

        Raises:
            EndpointFailed: none came then, none is left, or another question was asked then.
        """
        request = self.endpoint.request(messages, seed)
        if not self._left:
            raise EndpointFailed("the cassette has no answer left", Exchange(request))
        exchange = self._left.pop(0)
        if exchange.request != request:
            raise EndpointFailed("the cassette answers another question", Exchange(request))
        if exchange.answer is None:
            raise EndpointFailed(exchange.failures[-1], exchange)
        return exchange


def _need_httpx() -> Any:
    try:
        import httpx
    except ImportError:
        raise InputError(
            "Reaching a language model: httpx and tenacity are missing; install empdetect with the extra 'llm'"
        ) from None
    return httpx


def _check_status(response: "httpx.Response") -> None:
    if response.status_code == 200:
        return
    problem = f"HTTP {response.status_code}"
    if _may_go_away(response.status_code):
        raise _TryAgain(problem, _seconds(response.headers.get("retry-after", "")))
    raise _Final(f"{problem}: {' '.join(response.text.split())[:200]}")


def _may_go_away(status: int) -> bool:
    return status in AGAIN or (status >= 500 and status not in NEVER)


def _seconds(text: str) -> float:
    """Seconds of a ``Retry-After``; 0 where it is absent or a date."""
    try:
        return max(float(text), 0.0)
    except ValueError:
        return 0.0


def _read_answer(response: "httpx.Response", call: _Call) -> str:
    """The text of the first choice; its tokens are added to the call's. What a reasoning model thought is dropped."""
    try:
        body = response.json()
        choice = body["choices"][0]
        text = choice["message"]["content"]
        usage = body.get("usage") or {}
        tokens = int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
    except (ValueError, LookupError, TypeError, AttributeError):
        raise _TryAgain("an answer that is not a chat completion") from None
    call.prompt_tokens += tokens[0]
    call.completion_tokens += tokens[1]
    if not isinstance(text, str):
        raise _TryAgain("an answer without text")
    if choice.get("finish_reason") == "length":
        raise _TryAgain(CUT)
    # Half a pair of surrogates is valid JSON and no valid text: it could be neither sent back nor kept.
    return split_thought(text.encode(errors="replace").decode())[1]


def _as_json(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, sort_keys=True)
