"""Chats of people: EmpatheticDialogues, written as chats that a policy can learn to speak from."""

import json
import os
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from empdetect.datamodules.empathetic_dialogues import LabelledDialogue, read_dialogues
from empdetect.rl.listener import NO_PLAN

ROLES = {"speaker": "user", "listener": "assistant"}
PLANS = {
    "questioning": "I will ask about it.",
    "acknowledging": "I will show that I hear it.",
    "agreeing": "I will agree with them.",
    "sympathizing": "I will say that I am sorry.",
    "consoling": "I will console them.",
    "suggesting": "I will suggest something.",
    "encouraging": "I will encourage them.",
    "wishing": "I will wish them well.",
}
"""What a listener who thinks is to think before a reply of an intent, one of Welivita and Pu's eight (COLING 2020)."""


def write_chats(folder: Path, out: Path, think: bool = False) -> int:
    """Write the training dialogues of EmpatheticDialogues as chats, a JSON object a line, see ``chats.read_chats``.

    The listener is the assistant. People's thoughts are not known; where the policy is to think, a reply gets one that
    names the emotion that the speaker was given and the reply's intent, as a machine labelled it. Published
    development and test dialogues are left out, so that a policy can be measured on them.

    Args:
        folder: with the files of the data set, one an emotion.
        out: file to write.
        think: put a thought before each reply.

    Returns:
        How many dialogues were written.

    Raises:
        InputError: a file of the data set is missing or broken.
    """
    chats = [_messages(dialogue, think) for dialogue in read_dialogues(folder) if dialogue.split == "train"]
    answered = [chat for chat in chats if any(message["role"] == "assistant" for message in chat)]
    out.parent.mkdir(parents=True, exist_ok=True)
    # Whole or not at all, and each process by itself: runs side by side may share it.
    part = out.with_name(f"{out.name}.{os.getpid()}.part")
    part.write_text("".join(f"{json.dumps({'messages': chat})}\n" for chat in answered), encoding="utf-8")
    part.replace(out)
    return len(answered)


def _messages(dialogue: LabelledDialogue, think: bool) -> list[dict[str, str]]:
    return [{"role": role, "content": words} for role, words in _turns(dialogue, think)]


def _turns(dialogue: LabelledDialogue, think: bool) -> Iterator[tuple[str, str]]:
    """Who says what; messages of one person that follow each other are one turn, with one thought."""
    for actor, turns in groupby(dialogue.turns, key=lambda turn: turn.actor):
        said = list(turns)
        words = " ".join(turn.words for turn in said)
        plan = PLANS.get(said[0].label, NO_PLAN)
        thought = f"<think>They feel {dialogue.emotion}. {plan}</think>" if think and actor == "listener" else ""
        yield ROLES[actor], f"{thought}{words}"
