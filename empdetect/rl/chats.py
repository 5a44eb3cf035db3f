"""Chats: dialogues of people or models, recorded elsewhere, for a policy to learn to speak from."""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, cast

from empdetect.errors import InputError
from empdetect.rl.dialogue import Dialogue, Role, Turn, follows_think_format
from empdetect.rl.profiles import Profile
from empdetect.streams.files import require_file

ROLES = ("system", "user", "assistant")


def read_chats(path: Path, think: bool = False) -> list[Dialogue]:
    """Dialogues of a file of chats: a JSON object a line, as chat datasets are published and trainers take them.

    ``{"messages": [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]}``: the policy learns
    what the assistant says. Instructions are left out, as a run has its own, and so is what the assistant says
    before the user has; messages of one role that follow each other become one turn.

    Args:
        path: the file.
        think: the policy is to think before it speaks, so replies must.

    Raises:
        InputError: the file is missing or empty, a line is no chat, or the replies are in another form.
    """
    lines = require_file(path).read_text(encoding="utf-8").split("\n")
    chats = [_read(line, f"{path}, line {number}") for number, line in enumerate(lines, start=1) if line.strip()]
    if not chats:
        raise InputError(f"Reading chats: {path} holds none")
    unthinking = sum(follows_think_format(reply.text) != think for chat in chats for reply in chat.replies)
    if unthinking:
        raise InputError(
            f"Reading chats: {unthinking} replies of {path} are {'without' if think else 'with'} a thought, and "
            f"'trainer.think' is {str(think).lower()}; a policy learns the form it is shown, so make both alike"
        )
    return chats


def _read(line: str, where: str) -> Dialogue:
    try:
        messages = json.loads(line)["messages"]
    except (ValueError, KeyError, TypeError) as error:
        raise _no_chat(where, error) from None
    return dialogue_of(messages, where)


def dialogue_of(messages: Sequence[Mapping[str, Any]], name: str = "chat") -> Dialogue:
    """A chat as a dialogue that can be rewarded; what counts is told at ``read_chats``.

    Args:
        messages: in their order, each with ``role`` and ``content``.
        name: of the chat, for messages of errors.

    Raises:
        InputError: it is no chat, or no assistant answers a user in it.
    """
    try:
        said = [_message(message) for message in messages]
    except (KeyError, TypeError) as error:
        raise _no_chat(name, error) from None
    unknown = sorted({role for role, _ in said} - set(ROLES))
    turns = _turns(said)
    if unknown or not turns:
        wrong = f"has the roles {', '.join(unknown)}" if unknown else "has no assistant who answers a user"
        raise InputError(f"Reading chats: {name} {wrong}; roles are {', '.join(ROLES)}")
    opening = turns[0].text
    return Dialogue(Profile(name, opening, opening, "listening", "passive"), turns=turns, done=True)


def _no_chat(where: str, error: Exception) -> InputError:
    return InputError(
        f'Reading chats: {where} is no {{"messages": [{{"role": "user", "content": "words"}}, ...]}} '
        f"({type(error).__name__}: {error})"
    )


def _message(message: Mapping[str, Any]) -> tuple[str, str]:
    """Who speaks, and the words."""
    role, words = message["role"], message["content"]
    if not isinstance(role, str) or not isinstance(words, str):
        raise TypeError(f"role and content must be text, got {str(role)[:40]} and {str(words)[:40]}")
    return role, words.strip()


def _turns(said: Iterable[tuple[str, str]]) -> tuple[Turn, ...]:
    """The turns from the user's first to the assistant's last; none if there is no assistant's."""
    words = [(role, text) for role, text in said if role != "system" and text]
    joined = [(role, " ".join(text for _, text in group)) for role, group in groupby(words, key=lambda each: each[0])]
    roles = [role for role, _ in joined]
    first = roles.index("user") if "user" in roles else len(roles)
    last = len(roles) - 1 - roles[::-1].index("assistant") if "assistant" in roles else -1
    return tuple(Turn(cast(Role, role), text) for role, text in joined[first : last + 1])
