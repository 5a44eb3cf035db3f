"""Several policies before several users, side by side: figures, intervals, a page."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from empdetect.components import describe
from empdetect.errors import InputError
from empdetect.progress import track
from empdetect.rl.capabilities import judge_capabilities
from empdetect.rl.cassette import Cassette
from empdetect.rl.dialogue import Dialogue
from empdetect.rl.evaluate import Evaluation, summarise
from empdetect.rl.intervals import Interval, difference_of, interval_of, parts_of
from empdetect.rl.paper import paper_table
from empdetect.rl.policy import WEIGHTS, Policy, Precision
from empdetect.rl.profiles import BANK, Profile, read_profiles
from empdetect.rl.rewards.base import Reward
from empdetect.rl.rewards.detector import DetectorReward
from empdetect.rl.rollout import sample_dialogues
from empdetect.rl.users.appraisal import AppraisalUser
from empdetect.rl.users.base import User
from empdetect.rl.users.endpoint import Endpoint

if TYPE_CHECKING:
    from jsonargparse import ArgumentParser
    from lightning.fabric import Fabric


@dataclass(frozen=True)
class Candidate:
    """A policy to judge.

    Args:
        model: folder, or name on the Hugging Face hub.
        system: instruction that stands before every dialogue.
        think: whether its replies should begin with a thought.
        max_context: tokens of history at most; beyond that the oldest turns are left out.
        max_turns, max_new_tokens: replies a dialogue and tokens a reply that it was trained with; None if unknown.
    """

    model: str
    system: str = ""
    think: bool = False
    max_context: int = 384
    max_turns: int | None = None
    max_new_tokens: int | None = None


def default_users() -> dict[str, User]:
    """The user of the embedded presets, and a harder one with the same rules, which is no independent judge."""
    return {"appraisal": AppraisalUser(), "appraisal, challenging": AppraisalUser(difficulty="challenging")}


SUPPORT = ("emotional_expression", "empowerment", "paraphrasing", "questioning", "reappraisal", "validation")
"""Tactics of MINT that support somebody; the others advise, inform, offer help or speak of oneself."""


def default_heads() -> dict[str, Reward]:
    """How much replies support, by a detector that is no preset's judge, but learned from the data of both."""
    return {"support": DetectorReward("text-empathy", [f"mint_{tactic}" for tactic in SUPPORT])}


@dataclass(frozen=True)
class Setup:
    """What all candidates are judged by.

    Args:
        users: who plays the profiles, by name. Both that are there by default score by the same rules; whether a gain
            holds elsewhere only a user with rules of its own tells, such as a ``SentientUser``.
        profiles: file of profiles.
        split: of the profiles; empty takes all.
        heads: reward heads to tell the mean of, such as a held-out detector. Those that compare with a start, such as
            ``EmpathyReward``, take the first policy's very dialogues with the same user for it; so that policy's own
            mean only says how the judges vary about it.
        samples: dialogues a profile.
        max_turns: replies after which a dialogue ends; 0 takes the most that a policy was trained with, 4 if that is
            unknown of all.
        max_new_tokens: tokens a reply at most; 0 likewise, else 40. A reply that is cut off breaks its form.
        temperature: of the sampling.
        judge: language model that marks five capabilities; None asks nobody.
        seed: fixes the chance of policy and user.
        accelerator: where the policies speak: auto, cpu or gpu.
        precision: in which they speak, as in Lightning Fabric; with ``bf16-true`` a model takes half the memory.
        at_once: dialogues that a policy leads side by side at most, as memory allows; 0 for all.
    """

    users: dict[str, User] = field(default_factory=default_users)
    profiles: Path = BANK
    split: str = "test"
    heads: dict[str, Reward] = field(default_factory=default_heads)
    samples: int = 4
    max_turns: int = 0
    max_new_tokens: int = 0
    temperature: float = 0.7
    judge: Endpoint | None = None
    seed: int = 1234
    accelerator: str = "auto"
    precision: Precision = "32-true"
    at_once: int = 0

    def fitted_to(self, candidates: Mapping[str, Candidate]) -> "Setup":
        """The same with lengths that fit the policies, where none were given."""
        longest = {
            name: max((getattr(candidate, name) or 0 for candidate in candidates.values()), default=0)
            for name in ("max_turns", "max_new_tokens")
        }
        return replace(
            self,
            max_turns=self.max_turns or longest["max_turns"] or 4,
            max_new_tokens=self.max_new_tokens or longest["max_new_tokens"] or 40,
        )


Found = dict[str, dict[str, Evaluation]]
"""Evaluations by user and then by policy."""


def compare(candidates: Mapping[str, Candidate], setup: Setup, out: Path | None = None) -> Found:
    """Judge every candidate before every user, all with the same profiles and seeds.

    Args:
        candidates: policies by name.
        setup: what they are judged by.
        out: folder for a cassette a user, ``cassette-1.jsonl.gz`` for the first; None keeps none.

    Raises:
        InputError: no candidate, no user, no profile, no such accelerator, or a model cannot be loaded.
    """
    profiles = read_profiles(setup.profiles, setup.split or None)
    if not candidates or not setup.users or not profiles:
        raise InputError(
            f"Comparing policies: got {len(candidates)} policies, {len(setup.users)} users and {len(profiles)} "
            f"profiles of split '{setup.split}' in {setup.profiles}; at least one of each is needed"
        )
    setup, fabric = setup.fitted_to(candidates), _fabric(setup)
    found: Found = {name: {} for name in setup.users}
    cassettes = _cassettes(setup, out)
    for name, candidate in track(list(candidates.items()), "Policies"):
        for user, dialogues in _talks(candidate, setup, profiles, fabric):
            start = next(iter(found[user].values())).dialogues if found[user] else None
            _prepare(setup, dialogues, start, cassettes.get(user))
            found[user][name] = summarise(dialogues, setup.heads, candidate.think, cassettes.get(user))
    return found


def _fabric(setup: Setup) -> "Fabric":
    from lightning.fabric import Fabric

    try:
        return Fabric(accelerator=setup.accelerator, devices=1, precision=setup.precision)
    except (RuntimeError, ValueError) as error:
        raise InputError(
            f"Comparing policies with accelerator '{setup.accelerator}' and precision '{setup.precision}': {error}"
        ) from None


def _talks(
    candidate: Candidate, setup: Setup, profiles: Sequence[Profile], fabric: "Fabric"
) -> Iterator[tuple[str, list[Dialogue]]]:
    """A candidate's dialogues with each user, by the user's name. The model is let go after the last."""
    dtype = WEIGHTS.get(setup.precision, torch.float32)
    policy = Policy.from_pretrained(candidate.model, candidate.system, candidate.max_context, dtype)
    policy.model.to(fabric.device)
    policy.at_once = setup.at_once
    for name, user in setup.users.items():
        speech = (setup.samples, setup.max_turns, setup.max_new_tokens, setup.temperature, setup.seed)
        yield name, sample_dialogues(policy, profiles, user, *speech, fabric)


def _prepare(
    setup: Setup, dialogues: Sequence[Dialogue], start: Sequence[Dialogue] | None, cassette: Cassette | None
) -> None:
    """Tell the heads that compare with a start what the first policy said to this user.

    Args:
        setup: its heads.
        dialogues: of the policy that is to be judged.
        start: those of the first policy; None if this is the first.
        cassette: keeps the first policy's, so that a replay can prepare the heads alike.
    """
    comparing = [head for head in setup.heads.values() if type(head).prepare is not Reward.prepare]
    if comparing and start is None and cassette:
        cassette.base(dialogues)
    # With one user they still know it from the first policy; with more, another user's came between.
    if start is None or len(setup.users) > 1:
        for head in comparing:
            head.prepare(dialogues if start is None else start)


def _cassettes(setup: Setup, out: Path | None) -> dict[str, Cassette]:
    """A fresh cassette for each user, by its name."""
    if out is None:
        return {}
    paths = {name: out / f"cassette-{number}.jsonl.gz" for number, name in enumerate(setup.users, start=1)}
    for path in paths.values():
        path.unlink(missing_ok=True)
    return {name: Cassette(paths[name], user, setup.max_turns, setup.heads) for name, user in setup.users.items()}


def capability_marks(evaluation: Evaluation, judge: Endpoint) -> dict[str, Interval]:
    """Mean marks of the judge by capability, 1 to 5, and the share of dialogues that it could not mark."""
    dialogues = evaluation.dialogues
    marks = judge_capabilities(dialogues, judge)
    names = next((list(found) for found in marks if found), [])
    by_name = {
        f"judge: {name}": interval_of(
            parts_of((d.profile.id, m[name] if m else math.nan, 1) for d, m in zip(dialogues, marks))
        )
        for name in names
    }
    return {**by_name, "judge: unmarked": Interval(sum(m is None for m in marks) / max(len(marks), 1))}


def figures_of(found: Found, judge: Endpoint | None) -> dict[str, dict[str, dict[str, Interval]]]:
    """All figures by user, policy and name; a gain of emotion over the first policy too."""
    tables: dict[str, dict[str, dict[str, Interval]]] = {}
    for user, evaluations in found.items():
        first = next(iter(evaluations.values()))
        tables[user] = {}
        for name, evaluation in evaluations.items():
            figures = dict(evaluation.figures)
            if evaluation is not first:
                figures["emotion gained"] = difference_of(evaluation.parts["emotion"], first.parts["emotion"])
            tables[user][name] = figures | (capability_marks(evaluation, judge) if judge else {})
    return tables


def markdown(tables: Mapping[str, Mapping[str, Mapping[str, Interval]]]) -> str:
    """One table a user, as emotions of different users cannot be compared, and the paper's by itself."""
    blocks = []
    for user, policies in tables.items():
        names = list(dict.fromkeys(name for figures in policies.values() for name in figures))
        rows = [
            f"| {name} | " + " | ".join(str(figures.get(name, "")) for figures in policies.values()) + " |"
            for name in names
        ]
        head = f"| user: {user} | " + " | ".join(policies) + " |"
        blocks.append("\n".join([head, "|---" * (len(policies) + 1) + "|", *rows]))
    return "\n\n".join([*blocks, paper_table()])


def write_comparison(out: Path, candidates: Mapping[str, Candidate], setup: Setup) -> str:
    """Judge, and write ``results.json``, ``results.md``, ``report.html`` and a cassette a user.

    Returns:
        The tables as Markdown.
    """
    from empdetect.rl.page import write_page

    setup = setup.fitted_to(candidates)
    found = compare(candidates, setup, out)
    tables = figures_of(found, setup.judge)
    # Read by people: another language model that plays a user is another user.
    shown = {name: _played(name, user) for name, user in setup.users.items()}
    readable = {shown[user]: figures for user, figures in tables.items()}
    text = markdown(readable)
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.md").write_text(text + "\n", encoding="utf-8")
    plain = {
        "users": {name: describe(user) for name, user in setup.users.items()},
        "policies": {name: vars(candidate) for name, candidate in candidates.items()},
        "setup": _settings(setup),
        "figures": _plain(tables),
    }
    (out / "results.json").write_text(json.dumps(plain, indent=1, default=str), encoding="utf-8")
    write_page(out / "report.html", {shown[user]: policies for user, policies in found.items()}, readable)
    return text


def _played(name: str, user: User) -> str:
    """A user's name, with the language model that plays it, if one does."""
    endpoint = getattr(user, "endpoint", None)
    return f"{name} ({endpoint.model})" if isinstance(endpoint, Endpoint) else name


def _settings(setup: Setup) -> dict[str, Any]:
    """All but the users, which stand by themselves."""
    plain = {name: value for name, value in vars(setup).items() if name != "users"}
    heads = {name: describe(head) for name, head in setup.heads.items()}
    return plain | {"heads": heads, "judge": describe(setup.judge) if setup.judge else None}


def _plain(tables: Mapping[str, Mapping[str, Mapping[str, Interval]]]) -> dict[str, Any]:
    """Figures as JSON takes them; what is not defined is null."""
    return {
        user: {
            policy: {
                name: [None if math.isnan(value) else value for value in (i.value, i.low, i.high)]
                for name, i in figures.items()
            }
            for policy, figures in policies.items()
        }
        for user, policies in tables.items()
    }


def parser() -> "ArgumentParser":
    """What a configuration of an evaluation may say."""
    from jsonargparse import ArgumentParser

    parse = ArgumentParser(prog="empdetect rl evaluate", exit_on_error=False)
    parse.add_argument("--config", action="config")
    parse.add_argument("--policies", type=dict[str, Candidate], default={}, help="policies by name")
    given = "of models given by name, not of runs"
    parse.add_argument("--system", type=str, default="", help=f"instruction before every dialogue, {given}")
    parse.add_argument(
        "--think", type=bool, default=False, help=f"whether replies should begin with a thought, {given}"
    )
    parse.add_argument("--max_context", type=int, default=384, help=f"tokens of history at most, {given}")
    parse.add_class_arguments(Setup, None)
    return parse


def evaluate_from_config(out: Path, runs: Sequence[str], config: Path | None, overrides: Mapping[str, Any]) -> str:
    """Judge policies as a YAML file and the command line say.

    Args:
        out: folder of the results.
        runs: folders of runs, each of which gives the policies before and after, as they were trained, or models,
            which take ``system``, ``think`` and ``max_context`` from the configuration.
        config: the configuration; its keys are those of ``parser``. None judges with the embedded users.
        overrides: settings that replace the file's.

    Returns:
        The tables as Markdown.

    Raises:
        InputError: a file is missing or a setting wrong.
    """
    if config is not None and not config.is_file():
        raise InputError(f"Evaluating policies: no file {config}")
    parse = parser()
    try:
        given = [*(("--config", str(config)) if config else ()), *(f"--{k}={v}" for k, v in overrides.items())]
        built = parse.instantiate_classes(parse.parse_args(given))
    except InputError:
        raise
    except Exception as error:  # the parser wraps whatever a constructor raises
        raise InputError(f"Evaluating policies: {' '.join(str(error).split())[:400]}") from None
    values = {name: getattr(built, name) for name in Setup.__dataclass_fields__}
    model = Candidate("", built.system, built.think, built.max_context)
    candidates = named_apart(runs, model, built.policies)
    return write_comparison(out, candidates, Setup(**values))


def named_apart(
    runs: Sequence[str], model: Candidate, known: Mapping[str, Candidate] | None = None
) -> dict[str, Candidate]:
    """The policies of runs and models, after those known, each under a name of its own.

    A folder goes by its own name; where another policy has that too, by as much of its path as tells them apart.

    Args:
        runs: folders of runs, and folders or names of models.
        model: how to take a model.
        known: policies that have a name.

    Raises:
        InputError: one is named twice.
    """
    lengths = dict.fromkeys(runs, 1)
    written = {Path(run).resolve(): run for run in runs}
    _refuse_second(written[Path(run).resolve()] for run in runs)
    while True:
        found = {run: candidates_of(run, replace(model, model=run), lengths[run]) for run in runs}
        names = [*(known or {}), *chain(*found.values())]
        alike = {name for name in names if names.count(name) > 1}
        longer = [run for run in runs if alike & found[run].keys() and lengths[run] < len(Path(run).parts)]
        if not longer:
            _refuse_second(names)
            return dict(chain((known or {}).items(), *(policies.items() for policies in found.values())))
        for run in longer:
            lengths[run] += 1


def _refuse_second(names: Iterable[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise InputError(
                f"Evaluating policies: '{name}' is named {count} times; name every policy once, or give it a name of "
                "its own under 'policies' of the configuration"
            )


def candidates_of(name: str, model: Candidate | None = None, parts: int = 1) -> dict[str, Candidate]:
    """The policies of a run's folder before and after, as it was trained; else the model of that name.

    Args:
        name: folder of a run, or folder or name of a model.
        model: how to take a model; None takes the defaults.
        parts: how many parts of the path, from its end, they go by.
    """
    import yaml

    folder = Path(name)
    called = Path(*folder.parts[-parts:]).as_posix()
    if not (folder / "settings.yaml").is_file():
        return {called: model or Candidate(name)}
    told = yaml.safe_load((folder / "settings.yaml").read_text(encoding="utf-8"))
    trainer = {name: told["trainer"][name] for name in ("think", "max_turns", "max_new_tokens")}
    how = {"system": told["system"], "max_context": told["max_context"], **trainer}
    saved = [part for part in ("start", "policy") if (folder / part).is_dir()]
    return {f"{called}/{part}": Candidate(str(folder / part), **how) for part in saved}
