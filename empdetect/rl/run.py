"""A run from a configuration: build user, rewards and policy, warm up, train, evaluate, write down."""

import json
import shlex
import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from empdetect.errors import InputError
from empdetect.rl.profiles import BANK, Profile, read_profiles, split_by_persona, without_personas_of
from empdetect.rl.rewards.base import Reward
from empdetect.rl.users.base import User

if TYPE_CHECKING:
    from jsonargparse import ArgumentParser

    from empdetect.rl.dialogue import Dialogue
    from empdetect.rl.evaluate import Evaluation
    from empdetect.rl.policy import Policy

START = "start"
"""Where a run keeps the policy that it began with."""


def train_from_config(path: Path, overrides: Mapping[str, Any] | None = None) -> Path:
    """Train a policy as a YAML file says.

    Args:
        path: the configuration; its keys are those of ``parser``.
        overrides: settings that replace the file's, with dots for nested ones, as in ``{"trainer.steps": 3}``.

    Returns:
        The run's folder: ``policy/``, ``start/``, ``log.csv``, ``checkpoint.pt`` and ``README.md``.

    Raises:
        InputError: the file is missing, or a setting is unknown or wrong.
        RewardHacked: the monitor stopped the run; all files are written nevertheless.
    """
    built, text = _built(path, overrides or {})
    changed = [f"--set {shlex.quote(f'{key}={value}')}" for key, value in (overrides or {}).items()]
    return _run(built, text, " ".join([f"empdetect rl train --config {shlex.quote(str(path))}", *changed]))


def make_start(path: Path, out: Path, overrides: Mapping[str, Any] | None = None) -> Path:
    """Make the policy that a run begins with, and keep it; several runs can then begin with the same ``model``.

    Args:
        path: the configuration.
        out: folder for it; one that is there is left alone.
        overrides: settings that replace the file's.

    Returns:
        The policy's folder.

    Raises:
        InputError: the file is missing, or a setting is unknown or wrong.
    """
    from lightning.fabric import Fabric

    start = out / START
    if not start.is_dir():
        built, _ = _built(path, {"out": out, **(overrides or {})})
        train, _ = split_profiles(built.profiles, built.test_profiles, built.seed)
        _policy(built, train, Fabric(accelerator=built.accelerator, devices=1, precision=built.precision))
    return start


def heads_of_run(path: Path) -> dict[str, Reward]:
    """All heads that a configuration asks by name: those it rewards with, its gates and its witnesses.

    Raises:
        InputError: the file is missing, or a setting is unknown or wrong.
    """
    built, _ = _built(path, {})
    return {**built.rewards, **built.gates, **built.witnesses}


def _built(path: Path, overrides: Mapping[str, Any]) -> tuple[Any, str]:
    """The parts that a configuration names, and all its settings as text."""
    if not path.is_file():
        raise InputError(f"Training a policy: no file {path}")
    parse = parser()
    try:
        given = ["--config", str(path), *(f"--{key}={value}" for key, value in overrides.items())]
        settings = parse.parse_args(given)
        return parse.instantiate_classes(settings), parse.dump(settings)
    except InputError:
        raise
    except Exception as error:  # the parser wraps whatever a constructor raises
        raise InputError(f"Training a policy from {path}: {_first_line(error)}") from None


def parser() -> "ArgumentParser":
    """What a configuration may say. The typed arguments of the parts are its schema."""
    from jsonargparse import ArgumentParser

    from empdetect.rl.evaluate import evaluate
    from empdetect.rl.policy import small_policy
    from empdetect.rl.trainer import PolicyTrainer
    from empdetect.rl.warmup import warm_up

    parse = ArgumentParser(prog="empdetect rl train", exit_on_error=False)
    parse.add_argument("--config", action="config")
    parse.add_argument("--out", type=Path, required=True, help="folder of the run")
    parse.add_argument("--seed", type=int, default=0, help="fixes everything")
    parse.add_argument("--profiles", type=Path, default=BANK, help="profiles of users, one JSON object a line")
    parse.add_argument("--test_profiles", type=Path | None, default=None, help="held-out profiles, if in another file")
    parse.add_argument("--user", type=User, required=True, help="who plays the users, by class path")
    parse.add_argument("--rewards", type=dict[str, Reward], required=True, help="reward heads by name")
    parse.add_argument("--weights", type=dict[str, float], required=True, help="weight of each head")
    parse.add_argument("--gates", type=dict[str, Reward], default={}, help="factors, 0 to 1, on all heads, by name")
    parse.add_argument("--witnesses", type=dict[str, Reward], default={}, help="heads that only watch, by name")
    parse.add_argument(
        "--base_samples", type=int, default=2, help="dialogues a profile that tell heads what the start policy gets"
    )
    parse.add_argument("--record", type=bool, default=True, help="keep all dialogues and rewards in cassette.jsonl.gz")
    _add_policy(parse)
    parse.add_function_arguments(small_policy, "small", skip={"texts", "seed"})
    parse.add_function_arguments(warm_up, "warmup", skip={"policy", "dialogues", "fabric", "seed"})
    skip: set[str | int] = {"policy", "user", "rewards", "weights", "gates", "witnesses", "fabric", "seed", "cassette"}
    parse.add_class_arguments(PolicyTrainer, "trainer", skip=skip, instantiate=False)
    skip = {"policy", "profiles", "user", "rewards", "max_turns", "max_new_tokens", "temperature", "think", "cassette"}
    skip |= {"part", "fabric"}
    parse.add_function_arguments(evaluate, "evaluate", skip=skip)
    return parse


def _add_policy(parse: "ArgumentParser") -> None:
    parse.add_argument("--model", type=str | None, default=None, help="a chat model's folder or hub name; none: small")
    parse.add_argument("--system", type=str, default="", help="instruction that stands before every dialogue")
    parse.add_argument("--max_context", type=int, default=384, help="tokens of history at most")
    parse.add_argument("--at_once", type=int, default=0, help="dialogues that speak side by side at most; 0: all")
    parse.add_argument("--lora_rank", type=int, default=0, help="rank of a LoRA adapter; 0 trains all weights")
    parse.add_argument("--accelerator", type=str, default="auto", help="auto, cpu or gpu")
    parse.add_argument("--precision", type=str, default="32-true", help="of Lightning Fabric, as in bf16-mixed")
    parse.add_argument(
        "--warmup_rounds",
        type=int | None,
        default=None,
        help="dialogues a profile with a listener of ours to learn to speak from; unless given 10 for the small policy "
        "without other dialogues, else 0",
    )
    parse.add_argument(
        "--warmup_dialogues",
        type=Path | None,
        default=None,
        help="dialogues of your own to learn to speak from: chats, one JSON object a line with its 'messages'",
    )


def _run(built: Any, settings: str, command: str) -> Path:
    """Start or go on, judge before and after, and write all of it down."""
    import torch
    from lightning.fabric import Fabric

    from empdetect.rl.baseline import prepare_heads
    from empdetect.rl.card import write_card
    from empdetect.rl.cassette import AFTER, BEFORE, TAPE, Beginning, Cassette, read_beginning, read_ending, set_aside
    from empdetect.rl.checkpoint import NAME, check_identity
    from empdetect.rl.checks import check_parts
    from empdetect.rl.identity import identity_of
    from empdetect.rl.monitor import RewardHacked
    from empdetect.rl.policy import WEIGHTS
    from empdetect.rl.trainer import PolicyTrainer

    made, identity = built.trainer.as_dict(), identity_of(settings)
    contrary = {name: made[name] for name in ("algorithm", "group_size", "credit", "think")}
    check_parts(built.rewards, built.weights, built.gates, built.witnesses, **contrary)
    check_identity(built.out, identity)
    train, held_out = split_profiles(built.profiles, built.test_profiles, built.seed)
    built.out.mkdir(parents=True, exist_ok=True)
    (built.out / "settings.yaml").write_text(settings, encoding="utf-8")
    fabric = Fabric(accelerator=built.accelerator, devices=1, precision=built.precision)
    torch.manual_seed(built.seed)
    policy = _policy(built, train, fabric)
    # Judged in the precision it is trained in; with bf16-true, weights are turned once, before the anchor is copied.
    policy.model.to(fabric.device, dtype=WEIGHTS.get(built.precision))
    heads = {**built.rewards, **built.gates, **built.witnesses}
    given = (policy, built.user, built.rewards, built.weights, built.gates, built.witnesses, fabric)
    goes_on = (built.out / NAME).is_file()
    if built.record and not goes_on:
        set_aside(built.out / TAPE)
    cassette = Cassette(built.out / TAPE, built.user, made["max_turns"], heads) if built.record else None
    trainer = PolicyTrainer(*given, seed=built.seed, cassette=cassette, **made)
    speech = {name: made[name] for name in ("max_turns", "max_new_tokens", "temperature")}
    speech |= {"cassette": cassette, "fabric": fabric}
    # Users that are language models would be asked and paid twice, and answer otherwise.
    done = read_beginning(cassette.path) if cassette and goes_on else Beginning()
    base = {"samples": built.base_samples, "seed": built.seed, "known": done.base}
    prepare_heads(heads.values(), policy, train, built.user, **speech, **base)
    asked = {**speech, "think": made["think"], **built.evaluate.as_dict()}
    judged = partial(_judged, policy, held_out, built.user, heads, asked)
    before, stopped = judged(BEFORE, done.judged), ""
    try:
        trainer.fit(train, built.out, identity)
    except RewardHacked as found:
        stopped = str(found)
    after = judged(AFTER, read_ending(cassette.path) if cassette and goes_on else ())
    policy.save(built.out / "policy")
    parts = {"before": before.all_parts, "after": after.all_parts, "stopped": stopped}
    (built.out / "evaluation.json").write_text(json.dumps(parts), encoding="utf-8")
    write_card(built.out, command, settings, made["algorithm"], before, after, stopped)
    if stopped:
        raise RewardHacked(stopped)
    return Path(built.out)


def _judged(
    policy: "Policy",
    profiles: Sequence[Profile],
    user: User,
    heads: Mapping[str, Reward],
    asked: Mapping[str, Any],
    part: str,
    known: Sequence["Dialogue"],
) -> "Evaluation":
    """How the policy does; from its dialogues where an earlier part of the run had them, so that nobody is asked."""
    from empdetect.rl.evaluate import evaluate, summarise

    if known:
        return summarise(known, heads, asked["think"])
    return evaluate(policy, profiles, user, heads, **asked, part=part)


def split_profiles(path: Path, test_path: Path | None, seed: int) -> tuple[Sequence[Profile], Sequence[Profile]]:
    """Profiles to train and to judge with, of different personas.

    Where a test file is given, the training profiles that share a persona with it are left out.
    Otherwise the profiles' own splits are taken, and without any, a quarter of the personas.
    """
    profiles = read_profiles(path)
    if test_path is not None:
        held_out = read_profiles(test_path)
        return without_personas_of(profiles, held_out), held_out
    if any(profile.split == "test" for profile in profiles):
        held_out = [profile for profile in profiles if profile.split == "test"]
        return without_personas_of([p for p in profiles if p.split != "test"], held_out), held_out
    train, held_out = split_by_persona(profiles, seed=seed)
    return train, held_out


def _policy(built: Any, profiles: Sequence[Profile], fabric: Any) -> "Policy":
    """The policy to start from: as kept by an earlier part of this run, or made, warmed up and kept."""
    from empdetect.rl.checkpoint import NAME
    from empdetect.rl.policy import Policy

    start = built.out / START
    if (built.out / NAME).is_file() and start.is_dir():
        policy = Policy.from_pretrained(start)
    else:
        policy = _made(built, profiles, fabric)
        # Whole or not at all: other runs may begin with it.
        part = start.with_name(f"{START}.part")
        policy.save(part)
        shutil.rmtree(start, ignore_errors=True)
        part.replace(start)
    policy.system, policy.max_context, policy.at_once = built.system, built.max_context, built.at_once
    return policy.with_lora(built.lora_rank, built.seed) if built.lora_rank else policy


def _made(built: Any, profiles: Sequence[Profile], fabric: Any) -> "Policy":
    """The policy, warmed up on the dialogues at hand and on the mixed listener's, as far as they are asked for."""
    from empdetect.rl.chats import read_chats
    from empdetect.rl.listener import mixed_dialogues
    from empdetect.rl.policy import Policy, small_policy
    from empdetect.rl.warmup import warm_up

    turns, think, own = built.trainer.max_turns, built.trainer.think, built.warmup_dialogues
    rounds = built.warmup_rounds if built.warmup_rounds is not None else (0 if built.model or own else 10)
    if built.model is None and not rounds and not own:
        raise InputError(
            "Training a policy: the small policy cannot speak yet; set 'warmup_rounds' above 0, 'warmup_dialogues' "
            "or a 'model'"
        )
    lessons = read_chats(own, think) if own else []
    lessons += mixed_dialogues(profiles, built.user, rounds, turns, built.seed, think) if rounds else []
    if built.model is None:
        texts = (turn.text for dialogue in lessons for turn in dialogue.turns)
        policy = small_policy(texts, seed=built.seed, **built.small.as_dict())
    else:
        policy = Policy.from_pretrained(built.model)
    policy.system, policy.max_context = built.system, built.max_context
    if lessons:
        warm_up(policy, lessons, fabric, seed=built.seed, **built.warmup.as_dict())
    return policy


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:400]
