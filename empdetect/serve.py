"""The same scoring over HTTP, for one short recording or transcript at a time.

What is sent lies in a temporary folder while it is scored, and nowhere after; nothing of it is logged. Who asks must
show a token. There is no page for trying things out, as such pages load their code from elsewhere.
"""

import json
import math
import secrets
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from fastapi import Depends, FastAPI, File, HTTPException, UploadFile
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field, model_validator

from empdetect import __version__
from empdetect.detector import Detector
from empdetect.errors import InputError
from empdetect.inputs import find_recordings
from empdetect.overall import overall
from empdetect.scores import COLUMNS, Scores, from_lines
from empdetect.scoring.journal import Failed, Finished
from empdetect.scoring.one_recording import Scorer

MOST_BYTES = 50 * 2**20
MOST_SECONDS = 600.0
"""What is taken unless asked otherwise: a demonstration or a program's request, not a study."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Said(BaseModel):
    """One utterance."""

    model_config = ConfigDict(extra="forbid", strict=True)  # no truth for a number
    text: Annotated[str, Field(min_length=1, max_length=10_000)]
    speaker: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    start: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] | None = None
    end: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "Said":
        if self.start is not None and self.end is not None and self.end < self.start:
            raise ValueError("'end' lies before 'start'")
        return self


class Conversation(BaseModel):
    """A transcript."""

    model_config = ConfigDict(extra="forbid", strict=True)  # no truth for a number
    utterances: Annotated[list[Said], Field(min_length=1, max_length=5000)]


class Row(BaseModel):
    """A row of the Scores table; null where there is nothing."""

    participant: str
    start: float | None
    end: float | None
    measure: str
    score: float | None
    low: float | None
    high: float | None
    quality: float | None
    modalities: str | None
    carried: str | None
    reason: str | None


class Answer(BaseModel):
    """Scores of one recording.

    Args:
        about: what was scored with what.
        columns: what the columns mean.
        rows: one a participant, window and measure.
        overall: one a participant and measure.
        notes: what the user should know about the files.
    """

    about: dict[str, Any]
    columns: dict[str, str]
    rows: list[Row]
    overall: list[Row]
    notes: list[str]


class Problem(BaseModel):
    """Why there is no answer."""

    detail: str | list[dict[str, Any]]


class TooLarge(Exception):  # noqa: N818 (not an error of the program)
    """More was sent than is taken."""


PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "What was sent cannot be parsed"},
    401: {"model": Problem, "description": "No token, or a wrong one"},
    413: {"model": Problem, "description": "The file or the recording is too long"},
    422: {"model": Problem, "description": "It cannot be scored; 'detail' says why"},
}


def create_app(
    detector: Detector, token: str, most_bytes: int = MOST_BYTES, most_seconds: float = MOST_SECONDS
) -> FastAPI:
    """The application.

    Args:
        detector: the detector.
        token: what who asks must show, as ``Authorization: Bearer TOKEN``.
        most_bytes: a longer request is refused.
        most_seconds: a longer recording is refused.
    """
    app = FastAPI(title="empdetect", version=__version__, docs_url=None, redoc_url=None)
    app.add_middleware(_Limit, most_bytes=most_bytes)
    desk = _Desk(detector, most_seconds)
    bearer = HTTPBearer(auto_error=False)

    def check(shown: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> None:
        if shown is None or not secrets.compare_digest(shown.credentials.encode(), token.encode()):
            raise HTTPException(401, "show the token as 'Authorization: Bearer TOKEN'", {"WWW-Authenticate": "Bearer"})

    @app.get("/v1/health")
    def health() -> dict[str, str]:
        """Whether the service is up."""
        return {"status": "up"}

    @app.get("/v1/detector", responses={401: PROBLEMS[401]}, dependencies=[Depends(check)])
    def about() -> dict[str, Any]:
        """What the detector is and what its scores mean."""
        return detector.about()

    @app.post("/v1/transcript", responses=PROBLEMS, dependencies=[Depends(check)])
    def transcript(conversation: Conversation) -> Answer:
        """Score a transcript."""
        said = [utterance.model_dump(exclude_none=True) for utterance in conversation.utterances]
        return desk.answer({"recording.json": json.dumps(said).encode()})

    @app.post("/v1/recording", responses=PROBLEMS, dependencies=[Depends(check)])
    def recording(
        recording: Annotated[UploadFile, File(description="film, sound or transcript")],
        transcript: Annotated[UploadFile | None, File(description="its transcript")] = None,
    ) -> Answer:
        """Score a recording: a film, a sound or a transcript, and if need be a transcript beside it."""
        files = {f"recording{_ending(recording)}": recording.file.read()}
        if transcript is not None:
            files[f"words/recording{_ending(transcript)}"] = transcript.file.read()
        return desk.answer(files)

    return app


def serve(app: FastAPI, host: str, port: int) -> None:
    """Serve until stopped."""
    import uvicorn

    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False, server_header=False)


class _Desk:
    """Scores one recording at a time: several at once would only share the processors."""

    def __init__(self, detector: Detector, most_seconds: float) -> None:
        self.scorer = Scorer(detector)
        self.about = detector.about()
        self.most_seconds = most_seconds
        self._free = threading.Lock()

    def answer(self, files: dict[str, bytes]) -> Answer:
        """Scores of the files of one recording, by their names."""
        with TemporaryDirectory(prefix="empdetect-") as name:
            folder = Path(name)
            for place, content in files.items():
                (folder / place).parent.mkdir(exist_ok=True)
                (folder / place).write_bytes(content)
            first, *others = (folder / place for place in files)
            try:
                with self._free:
                    return self._scored(first, *others)
            except InputError as error:
                raise HTTPException(422, str(error).replace(f"{folder}/", "")) from None

    def _scored(self, path: Path, words: Path | None = None) -> Answer:
        [entry] = find_recordings([path], words)
        length = entry.open().end()
        if length > self.most_seconds:
            raise HTTPException(
                413, f"the recording lasts {length:.0f} s, up to {self.most_seconds:g} s are taken; use empdetect score"
            )
        rows = ""
        for event in self.scorer.score(entry):
            if isinstance(event, Failed):
                raise HTTPException(500, event.reason) if event.odd else InputError(event.reason)
            if isinstance(event, Finished):
                scores = from_lines(rows, self.about)
                notes = [note.replace(f"{path.parent}/", "") for note in event.notes]
                return Answer(
                    about=dict(self.about), columns=COLUMNS, rows=_rows(scores), overall=_rows(overall(scores)),
                    notes=notes,
                )  # fmt: skip
            rows += event.rows
        raise RuntimeError("a recording has an end")


def _rows(scores: Scores) -> list[Row]:
    def cell(value: Any) -> Any:
        return None if value == "" or (isinstance(value, float) and math.isnan(value)) else value

    return [Row(**{name: cell(value) for name, value in row.items() if name != "recording"}) for row in scores.rows()]


def _ending(file: UploadFile) -> str:
    """The ending of an uploaded file's name, and nothing else of it."""
    ending = "".join(PurePosixPath(file.filename or "").suffixes[-1:]).lower()
    return ending if ending[1:].isalnum() and ending.isascii() and len(ending) < 12 else ""


class _Limit:
    """Refuses requests that are too long, before they are read where they say so, else as they come."""

    def __init__(self, app: Callable[[Message, Receive, Send], Awaitable[None]], most_bytes: int) -> None:
        self.app = app
        self.most_bytes = most_bytes

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        stated = dict(scope.get("headers") or ()).get(b"content-length", b"0")
        if stated.isdigit() and int(stated) > self.most_bytes:
            await self._refuse(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.most_bytes:
                raise TooLarge
            return message

        async def answered(message: Message) -> None:
            # FastAPI takes what the reader raises for a body that cannot be parsed, and answers 400.
            if read <= self.most_bytes:
                await send(message)

        with suppress(TooLarge):
            await self.app(scope, counted, answered)
        if read > self.most_bytes:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Message, receive: Receive, send: Send) -> None:
        detail = f"more than {self.most_bytes} bytes; use empdetect score for long recordings"
        await JSONResponse({"detail": detail}, 413)(scope, receive, send)
