"""The ``empdetect`` command. Nothing heavy is imported before it is needed."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from empdetect import __version__
from empdetect.contagion_options import add_options
from empdetect.errors import InputError

if TYPE_CHECKING:
    from empdetect.participants.people import WhoIsWho

DONE, SOME_FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130

TRAINING = {
    "fit": "train a detector from a configuration, test, calibrate and save it",
    "validate": "evaluate a checkpoint on the validation split",
    "test": "evaluate a checkpoint on the test split",
    "predict": "answer about the test split of a dataset",
}

EPILOG = """\
examples:
  empdetect demo --out demo/
  empdetect fit --config configs/epitome.yaml
  empdetect bench epitome --data-root DATA -o results.json
  empdetect contagion anna.mp4 ben.mp4 -o contagion/ --report
  empdetect score interviews/ --detector runs/epitome/version_0/detector -o scores/ --report
  empdetect rl train --config configs/rl/embedded-grpo-think.yaml

exit codes: 0 all done; 1 some inputs failed (each is listed); 2 wrong usage
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if arguments and arguments[0] in TRAINING:
            return _train(arguments)
        parsed = parser().parse_args(arguments)
        job: Callable[[argparse.Namespace], int] = parsed.job
        return job(parsed)
    except InputError as error:
        _tell(f"empdetect: {error}")
        return WRONG_USAGE
    except KeyboardInterrupt:
        _tell("empdetect: interrupted")
        return INTERRUPTED


def parser() -> argparse.ArgumentParser:
    """The parser of everything but the training commands, which LightningCLI parses."""
    command = argparse.ArgumentParser(
        "empdetect",
        description="Multimodal empathy detection: train detectors, score recordings, reward language models.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--version", action="version", version=f"empdetect {__version__}")
    jobs = command.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, help_line in TRAINING.items():
        jobs.add_parser(name, help=help_line, add_help=False)
    _add_score(jobs)
    _add_contagion(jobs)
    _add_serve(jobs)
    _add_data(jobs)
    _add_models(jobs)
    _add_bench(jobs)
    _add_rl(jobs)
    _add_demo(jobs)
    doctor = jobs.add_parser("doctor", help="check decoder, device, weights and data; one remedy a line")
    doctor.set_defaults(job=_doctor)
    return command


Jobs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What subcommands are added to."""


def _add_score(jobs: Jobs) -> None:
    score = jobs.add_parser("score", help="score recordings: files, folders, globs or a manifest")
    score.add_argument("inputs", nargs="+", metavar="INPUT", help="file, folder, glob or manifest (.tsv, .jsonl)")
    score.add_argument(
        "--detector",
        default="text-empathy",
        metavar="DIR",
        help="folder or hub name of a detector (default: %(default)s, which comes with the package)",
    )
    score.add_argument("-o", "--out", required=True, type=Path, metavar="OUT", help="folder for the results")
    score.add_argument("--transcript", type=Path, metavar="PATH", help="transcript, or folder of them by file name")
    score.add_argument("--physio", type=Path, metavar="PATH", help="physiology, or folder of it by file name")
    score.add_argument("--roles", type=Path, metavar="FILE", help="who speakers and faces are (.tsv or .yaml)")
    score.add_argument("--faces", action="store_true", help="each face in a film is a participant")
    score.add_argument("--asr", metavar="MODEL", help="Whisper model (name or folder) for sound without a transcript")
    score.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps (default: %(default)s)")
    score.add_argument(
        "--formats",
        default="tsv",
        help="by commas, some of tsv, json, vtt, eaf, textgrid, bids, html (default: %(default)s)",
    )
    score.add_argument("--report", action="store_true", help="HTML pages, one a recording and one of all")
    score.add_argument("--resume", action="store_true", help="take over what earlier runs into OUT found")
    score.add_argument("--workers", type=int, default=1, metavar="N", help="processes at once (default: %(default)s)")
    score.add_argument("--engine", default="local", help="local, or ray for a Ray cluster (default: %(default)s)")
    score.set_defaults(job=_score)


def _add_contagion(jobs: Jobs) -> None:
    compare = jobs.add_parser("contagion", help="did emotion pass between people, from whom, how late, how sure")
    add_options(compare)
    compare.set_defaults(job=_contagion, asr=None)


def _add_serve(jobs: Jobs) -> None:
    serve = jobs.add_parser("serve", help="score short recordings and transcripts over HTTP")
    serve.add_argument("--detector", default="text-empathy", metavar="DIR", help="as for score (default: %(default)s)")
    serve.add_argument("--device", default="auto", help="as for score (default: %(default)s)")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen at (default: %(default)s, this machine)")
    serve.add_argument("--port", type=int, default=8000, help="port to listen at (default: %(default)s)")
    serve.add_argument("--most-mb", type=float, default=50, metavar="MB", help="largest request (default: %(default)s)")
    serve.add_argument(
        "--most-minutes", type=float, default=10, metavar="MIN", help="longest recording (default: %(default)s)"
    )
    serve.set_defaults(job=_serve)


def _add_data(jobs: Jobs) -> None:
    data = jobs.add_parser("data", help="list the datasets, or check a manifest").add_subparsers(
        title="commands", metavar="COMMAND", required=True
    )
    listing = data.add_parser("list", help="the datasets there are modules for, with licence and source")
    listing.set_defaults(job=_data_list)
    check = data.add_parser("check", help="tell all that is wrong with a manifest, row by row")
    check.add_argument("manifest", type=Path, metavar="MANIFEST", help="TSV or JSONL file")
    check.add_argument("--task", type=Path, metavar="YAML", help="file whose 'task' says which labels are allowed")
    check.add_argument("--no-media", action="store_true", help="do not open the files that the rows name")
    check.set_defaults(job=_data_check)


def _add_models(jobs: Jobs) -> None:
    parser = jobs.add_parser("models", help="list the detectors in the package, or download one")
    models = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    models.add_parser("list", help="what each answers, and from which data").set_defaults(job=_models_list)
    download = models.add_parser("download", help="fetch a detector, so that scoring needs no network")
    download.add_argument("name", metavar="NAME", help="owner/name on the Hugging Face hub")
    download.set_defaults(job=_models_download)


def _add_bench(jobs: Jobs) -> None:
    from empdetect.bench.catalogue import benchmark_names

    bench = jobs.add_parser("bench", help="measure our detectors and plain baselines under published protocols")
    known = ", ".join(benchmark_names())
    bench.add_argument("names", nargs="*", metavar="NAME", help=f"which benchmarks (default: all): {known}")
    bench.add_argument("--data-root", metavar="DIR", help="folder of the datasets (default: $EMPDETECT_DATA)")
    bench.add_argument(
        "-o", "--out", type=Path, default=Path("results.json"), metavar="JSON", help="results (default: %(default)s)"
    )
    bench.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="seeds of our detector; shows their median (default: 1)"
    )
    bench.add_argument("--fast", action="store_true", help="first fold, one seed, two short epochs: does it work?")
    bench.add_argument("--save", type=Path, metavar="DIR", help="then train on everything, into DIR/NAME")
    bench.set_defaults(job=_bench)


def _add_rl(jobs: Jobs) -> None:
    rl = jobs.add_parser("rl", help="train a language model with a detector as a reward").add_subparsers(
        title="commands", metavar="COMMAND", required=True
    )
    train = rl.add_parser("train", help="train a policy from a configuration")
    train.add_argument("--config", required=True, type=Path, metavar="YAML", help="what to train, with what reward")
    train.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change a setting; repeatable")
    train.set_defaults(job=_rl_train)
    judge = rl.add_parser("evaluate", help="compare policies with simulated users: figures, curves, dialogues")
    judge.add_argument(
        "policies", nargs="*", metavar="POLICY", help="folder of a run, or a chat model's folder or name"
    )
    judge.add_argument(
        "--config", type=Path, metavar="YAML", help="users, profiles, heads (default: the embedded ones)"
    )
    judge.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change a setting; repeatable")
    judge.add_argument("-o", "--out", required=True, type=Path, metavar="OUT", help="folder for tables and report")
    judge.set_defaults(job=_rl_evaluate)
    valid = rl.add_parser("validity", help="how reward heads go with the emotion change that SAGE's logs record")
    valid.add_argument(
        "--data-root", type=Path, metavar="DIR", help="folder of the datasets (default: $EMPDETECT_DATA)"
    )
    valid.add_argument(
        "--detector",
        action="append",
        default=[],
        metavar="DIR",
        help="a detector to ask (default: the three in the box that read text); may come again",
    )
    valid.add_argument("--no-detector", action="store_true", help="ask our own guards and formats alone, in a minute")
    valid.add_argument("--config", type=Path, metavar="YAML", help="also ask all heads of this run")
    valid.add_argument("--replies", type=int, default=0, metavar="N", help="replies a model (default: all)")
    valid.add_argument("-o", "--out", required=True, type=Path, metavar="MD", help="file for the table")
    valid.set_defaults(job=_rl_validity)
    make = rl.add_parser("make-profiles", help="let a language model write more profiles of users")
    make.add_argument("--base-url", required=True, metavar="URL", help="OpenAI-compatible endpoint, with its version")
    make.add_argument("--model", required=True, metavar="NAME", help="model, as the endpoint calls it")
    make.add_argument("-n", "--count", type=int, default=24, help="how many to ask for (default: %(default)s)")
    make.add_argument("--split", default="train", help="train or test (default: %(default)s)")
    make.add_argument("--language", default="en", help="en or zh (default: %(default)s)")
    make.add_argument("--seed", type=int, default=0, help="fixes whom to ask for (default: %(default)s)")
    make.add_argument("-o", "--out", required=True, type=Path, metavar="JSONL", help="new file of profiles")
    make.set_defaults(job=_rl_make_profiles)
    learn = rl.add_parser("learn-user", help="learn a simulated user from your copy of SAGE's logs")
    learn.add_argument("logs", type=Path, metavar="LOGS", help="folder of the logs, one .jsonl.gz a language model")
    learn.add_argument("-o", "--out", required=True, type=Path, metavar="OUT", help="folder for the learned user")
    learn.set_defaults(job=_rl_learn_user)
    listed = rl.add_parser("settings", help="list what the YAML of `rl train` may hold: type, default, meaning")
    listed.set_defaults(job=_rl_settings)
    chats = rl.add_parser("make-chats", help="write people's dialogues as chats that a policy can learn to speak from")
    chats.add_argument(
        "--data-root", metavar="DIR", help="folder that holds empathetic_dialogues (default: $EMPDETECT_DATA)"
    )
    chats.add_argument("--think", action="store_true", help="for a policy that thinks: a thought before each reply")
    chats.add_argument("-o", "--out", required=True, type=Path, metavar="JSONL", help="file for the chats")
    chats.set_defaults(job=_rl_make_chats)
    again = rl.add_parser("replay", help="work out every reward of a recorded run again, offline")
    again.add_argument("cassette", type=Path, metavar="CASSETTE", help="what the run recorded (.jsonl or .jsonl.gz)")
    again.add_argument("--trust", nargs="*", default=[], metavar="PACKAGE", help="packages whose parts may be imported")
    again.set_defaults(job=_rl_replay)


def _add_demo(jobs: Jobs) -> None:
    demo = jobs.add_parser("demo", help="train, score and reward on a small simulated corpus, in minutes")
    demo.add_argument("--out", type=Path, default=Path("demo"), metavar="DIR", help="folder (default: %(default)s)")
    demo.add_argument("--data-root", type=Path, metavar="DIR", help="use the real datasets there instead")
    demo.add_argument("--seed", type=int, default=0, help="of all draws (default: %(default)s)")
    demo.set_defaults(job=_demo)


def _train(arguments: Sequence[str]) -> int:
    from empdetect.training import run

    run(arguments)
    return DONE


def _score(parsed: argparse.Namespace) -> int:
    from empdetect.detector import Detector
    from empdetect.device import explain_device
    from empdetect.inputs import find_recordings
    from empdetect.scoring import parse_formats, score_recordings

    formats = parse_formats(parsed.formats)
    inputs = find_recordings(parsed.inputs, parsed.transcript, parsed.physio, _who_is_who(parsed))
    _tell(explain_device(parsed.device))
    detector = Detector.from_pretrained(parsed.detector, device=parsed.device)
    how = {name: getattr(parsed, name) for name in ("report", "resume", "workers", "engine")}
    outcome = score_recordings(inputs, detector, parsed.out, formats, **how)
    _tell(outcome.summary())
    return SOME_FAILED if outcome.failed else DONE


def _contagion(parsed: argparse.Namespace) -> int:
    from empdetect.comparing import Settings, compare_groups, groups_of

    given = {name: value for name, value in vars(parsed).items() if name in Settings.__dataclass_fields__}
    several = {name: tuple(getattr(parsed, name)) for name in ("strangers", "measures")}
    band = tuple(parsed.band) if parsed.band else None
    several["signals"] = tuple(parsed.signal)
    settings = Settings(
        **{**given, **several, "band": band}, surrogate=parsed.surrogates, whiten=not parsed.keep_memory
    )
    groups = groups_of(parsed.inputs, settings, _who_is_who(parsed))
    outcome = compare_groups(groups, settings, parsed.out, parsed.report)
    for line in outcome.lines:
        _print(line)
    for reason in outcome.failures:
        _tell(f"empdetect: {reason}")
    for note in outcome.notes:
        _tell(f"note: {note}")
    _tell("\n".join([f"scores: {outcome.table}", *(f"report: {path}" for path in outcome.reports)]))
    return SOME_FAILED if outcome.failures else DONE


def _who_is_who(parsed: argparse.Namespace) -> "WhoIsWho":
    from empdetect.device import pick_device
    from empdetect.participants.people import WhoIsWho
    from empdetect.roles import Roles, read_roles

    if parsed.asr:
        from empdetect.speech.recognition import check_recogniser

        check_recogniser(parsed.asr)
    roles = read_roles(parsed.roles) if parsed.roles else Roles()
    return WhoIsWho(roles, parsed.faces, parsed.asr, str(pick_device(parsed.device)) if parsed.asr else "cpu")


def _serve(parsed: argparse.Namespace) -> int:
    import os
    import secrets

    try:
        from empdetect.serve import create_app, serve
    except ImportError:
        raise InputError("Serving: FastAPI is not installed; run 'pip install \"empdetect[serve]\"'") from None
    from empdetect.detector import Detector
    from empdetect.device import explain_device

    token = os.environ.get("EMPDETECT_TOKEN")
    if not token:
        token = secrets.token_urlsafe(24)
        _tell(f"token: {token} (set EMPDETECT_TOKEN to choose one)")
    _tell(explain_device(parsed.device))
    detector = Detector.from_pretrained(parsed.detector, device=parsed.device)
    app = create_app(detector, token, round(parsed.most_mb * 2**20), 60 * parsed.most_minutes)
    _tell(f"listening: http://{parsed.host}:{parsed.port}")
    serve(app, parsed.host, parsed.port)
    return DONE


def _data_list(parsed: argparse.Namespace) -> int:
    from empdetect.datamodules.catalogue import catalogue_table

    _print(catalogue_table())
    return DONE


def _data_check(parsed: argparse.Namespace) -> int:
    from empdetect.manifest.check import check_manifest, report_faults
    from empdetect.task import read_task

    targets = read_task(parsed.task).targets if parsed.task else None
    faults = check_manifest(parsed.manifest, targets, media=not parsed.no_media)
    _print(report_faults(faults))
    return SOME_FAILED if any(fault.severity == "error" for fault in faults) else DONE


def _models_list(parsed: argparse.Namespace) -> int:
    from empdetect.detector_folder import packaged_table

    _print(packaged_table())
    return DONE


def _models_download(parsed: argparse.Namespace) -> int:
    from empdetect.detector import Detector

    detector = Detector.from_pretrained(parsed.name, device="cpu")
    _tell(f"'{parsed.name}' answers {', '.join(detector.measures)}; score with --detector {parsed.name}")
    return DONE


def _bench(parsed: argparse.Namespace) -> int:
    from empdetect.bench.catalogue import check_names

    names = check_names(parsed.names)  # a misspelt name is told before anything heavy is loaded
    from empdetect.bench.command import run_benchmarks
    from empdetect.bench.table import print_table
    from empdetect.device import explain_device

    _tell(explain_device())
    outcome = run_benchmarks(names, parsed.out, parsed.data_root, parsed.seeds, parsed.fast, parsed.save, _tell)
    print_table(outcome.reports, outcome.failures)
    _tell(f"results: {parsed.out}")
    return SOME_FAILED if outcome.failures else DONE


def _rl_train(parsed: argparse.Namespace) -> int:
    from empdetect.rl.monitor import RewardHacked
    from empdetect.rl.run import train_from_config

    overrides = dict(_setting(text) for text in parsed.set)
    try:
        _print(f"policy: {train_from_config(parsed.config, overrides)}")
    except RewardHacked as found:
        _tell(f"empdetect: {found}")
        return SOME_FAILED
    return DONE


def _rl_make_profiles(parsed: argparse.Namespace) -> int:
    from empdetect.rl.profile_generator import generate_profiles
    from empdetect.rl.profiles import read_profiles, write_profiles
    from empdetect.rl.users.endpoint import Endpoint

    if parsed.out.exists():
        raise InputError(f"Making profiles: {parsed.out} is there already; name a new file")
    endpoint = Endpoint(parsed.base_url, parsed.model, temperature=1.0, max_tokens=2048)
    found = generate_profiles(endpoint, parsed.count, read_profiles(), parsed.split, parsed.language, parsed.seed)
    for reason in found.refused:
        _tell(f"left out: {reason}")
    if not found.profiles:
        raise InputError(f"Making profiles: none of {parsed.count} fits, so {parsed.out} was not written; see above")
    write_profiles(found.profiles, parsed.out)
    _print(f"{len(found.profiles)} of {parsed.count} profiles: {parsed.out}")
    return SOME_FAILED if found.refused else DONE


def _rl_settings(_: argparse.Namespace) -> int:
    from empdetect.rl.run import parser as settings

    _print(settings().format_help().rstrip("\n"))
    return DONE


def _rl_make_chats(parsed: argparse.Namespace) -> int:
    from empdetect.datamodules.base import data_folder
    from empdetect.datamodules.empathetic_dialogues import EmpatheticDialoguesDataModule as Source
    from empdetect.rl.people import write_chats

    count = write_chats(data_folder(parsed.data_root, Source.folder), parsed.out, parsed.think)
    _print(f"{count} dialogues ({Source.licence}): {parsed.out}")
    return DONE


def _rl_learn_user(parsed: argparse.Namespace) -> int:
    from empdetect.rl.users.learning import learn_user

    metrics = learn_user(parsed.logs, parsed.out)
    for name, value in metrics.items():
        _print(f"{name}: {value:.4g}")
    _print(f"learned user: {parsed.out}")
    return DONE


def _rl_replay(parsed: argparse.Namespace) -> int:
    from empdetect.components import OWN
    from empdetect.rl.replay import replay

    found = replay(parsed.cassette, (*OWN, *parsed.trust))
    for difference in found.differences:
        _print(difference.line())
    verdict = "all the same" if found.same else f"{len(found.differences)} differences"
    _print(f"{found.dialogues} dialogues, {found.usage.questions} questions, {found.emotions} emotions: {verdict}")
    _print(f"{found.rewards} rewards worked out again")
    if found.repeated:
        _print(f"{found.repeated} parts stand twice, as the run was killed and went on before them; the last counts")
    if found.usage.questions:
        _print(f"the recorded run asked: {found.usage.line()}")
    return DONE if found.same else SOME_FAILED


def _rl_evaluate(parsed: argparse.Namespace) -> int:
    from empdetect.rl.comparison import evaluate_from_config

    overrides = dict(_setting(text) for text in parsed.set)
    _print(evaluate_from_config(parsed.out, parsed.policies, parsed.config, overrides))
    _tell(f"report: {parsed.out / 'report.html'}")
    return DONE


def _rl_validity(parsed: argparse.Namespace) -> int:
    from empdetect.rl.validity import write_validity

    detectors = [] if parsed.no_detector else parsed.detector or ["text-empathy", "text-reward", "text-ngrams"]
    _print(write_validity(parsed.out, parsed.data_root, detectors, parsed.replies, parsed.config))
    return DONE


def _demo(parsed: argparse.Namespace) -> int:
    from empdetect.demo import run_demo

    run_demo(parsed.out, parsed.data_root, parsed.seed)
    return DONE


def _doctor(parsed: argparse.Namespace) -> int:
    from empdetect.doctor import diagnose

    findings = diagnose()
    for finding in findings:
        _print(finding.line())
    return DONE if all(finding.ok for finding in findings) else SOME_FAILED


def _setting(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise InputError(f"Reading --set '{text}': write KEY=VALUE, such as trainer.steps=20")
    return key, value


def _tell(text: str) -> None:
    """Messages go to stderr, so that stdout holds results alone."""
    sys.stderr.write(text.rstrip("\n") + "\n")


def _print(text: str) -> None:
    sys.stdout.write(text.rstrip("\n") + "\n")
