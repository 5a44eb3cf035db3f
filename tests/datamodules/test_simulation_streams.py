"""What simple readers find in the simulated faces, voices, bodies and words."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torchaudio.functional import detect_pitch_frequency

from empdetect.datamodules.simulation.corpus import ROLES
from empdetect.datamodules.simulation.dialogue import LISTENER, SPEAKER, write_dialogue
from empdetect.datamodules.simulation.expression import express
from empdetect.datamodules.simulation.faces import FacePainter
from empdetect.datamodules.simulation.lines import EMPATHIC, SOUNDS, TOPICS, UNEMPATHIC
from empdetect.datamodules.simulation.looks import SIZE, Look
from empdetect.datamodules.simulation.phones import phones
from empdetect.datamodules.simulation.physiology import Body, signals
from empdetect.datamodules.simulation.plan import Array, Plan, plan_dyad
from empdetect.datamodules.simulation.settings import Noise, Settings
from empdetect.datamodules.simulation.voice import Delivery, Speech, Voice, deliver, speak, time_turns
from empdetect.streams.audio import AudioStream
from empdetect.streams.physiology import PhysiologyFile
from empdetect.streams.transcript import read_transcript
from empdetect.streams.video import VideoStream

REST = dict.fromkeys(("sorrow", "raised", "smile", "mouth", "blink", "gaze", "roll", "shift", "nod"), 0.0) | {"zoom": 1}


@pytest.mark.parametrize("cascade", ["haarcascade_frontalface_alt2", "haarcascade_frontalface_default"])
def test_faces_are_found(cascade: str) -> None:
    import cv2

    detector = cv2.CascadeClassifier(f"{cv2.data.haarcascades}{cascade}.xml")
    found = []
    for index in range(20):
        plan, rng = plan_dyad(Settings(seed=11), index), np.random.default_rng(index)
        painter = FacePainter(Look.draw(rng, woman=index % 4 < 2), 2.0, rng)
        talking = np.clip(np.sin(np.arange(4000) / 15), 0, 1)
        face = express(plan, LISTENER if index % 2 else SPEAKER, talking)
        for frame in range(0, len(face), 100):
            gray = cv2.cvtColor(painter.paint(face.at(frame), frame), cv2.COLOR_RGB2GRAY)
            found.append(len(detector.detectMultiScale(gray, 1.1, 4, minSize=(48, 48))) == 1)
    assert np.mean(found) > 0.95


def test_faces_are_found_in_the_films(simulated_corpus: Path) -> None:
    from empdetect.features.face_tracking import find_faces

    for person in ROLES:
        frames = list(VideoStream(simulated_corpus.parent / "dyad-001" / f"{person}.mp4").frames(rate=1))
        assert len(frames) == 20
        assert sum(len(find_faces(picture)) == 1 for _, picture in frames) >= 19


@pytest.mark.parametrize(
    ("movement", "top", "bottom"),
    [("mouth", 140, 185), ("smile", 140, 185), ("blink", 95, 120), ("gaze", 95, 120), ("raised", 80, 120)],
)
def test_a_movement_changes_its_part_of_the_face(movement: str, top: int, bottom: int) -> None:
    painter = FacePainter(Look.draw(np.random.default_rng(0), woman=True), 0.0, np.random.default_rng(0))
    change = np.abs(painter.paint(REST | {movement: 1.0}, 0).astype(int) - painter.paint(REST, 0)).sum(axis=(1, 2))
    assert change[top:bottom].sum() > 5000
    outside = change.sum() - change[top:bottom].sum()
    assert outside < 0.5 * change.sum()


def test_people_look_different() -> None:
    pictures = [
        FacePainter(Look.draw(np.random.default_rng(seed), woman=seed % 2 == 0), 0.0, np.random.default_rng(0)).still
        for seed in range(6)
    ]
    assert all(picture.shape == (SIZE, SIZE, 3) for picture in pictures)
    assert len({picture.tobytes() for picture in pictures}) == 6


def test_the_listener_mirrors_the_speaker_after_the_lag() -> None:
    settings = Settings(dyads=1, seconds=400, noise=Noise(face=0.0))
    plan, silent = plan_dyad(settings, 0), np.zeros(40_000)
    told, mirrored = express(plan, SPEAKER, silent).sorrow, express(plan, LISTENER, silent).sorrow
    assert _best_lag(told, mirrored, settings.video_rate) == pytest.approx(2.0, abs=0.3)
    touched = plan.cue_at(plan.times(settings.video_rate), "face") > 0.5
    assert mirrored[touched].mean() > mirrored[~touched].mean() + 0.2


def _spoken(seed: int = 0) -> tuple[Plan, dict[str, Voice], dict[str, Speech]]:
    plan = plan_dyad(Settings(dyads=1, seconds=20, seed=seed), 0)
    rng = np.random.default_rng(seed)
    voices = {SPEAKER: Voice.draw(rng, high=False), LISTENER: Voice.draw(rng, high=True)}
    turns = write_dialogue(plan)
    said = deliver(plan, turns)
    cues = time_turns(plan, turns, voices, said)
    return plan, voices, {person: speak(plan, person, voices[person], cues, said) for person in voices}


def test_pitch_is_that_of_the_voice() -> None:
    plan, voices, speech = _spoken()
    for person, voice in voices.items():
        samples, rate = speech[person].samples, plan.settings.audio_rate
        step = rate // 100
        pitch = detect_pitch_frequency(torch.from_numpy(samples).float(), rate, freq_low=60, freq_high=500).numpy()
        energy = np.sqrt(np.square(samples[: len(pitch) * step].reshape(-1, step)).mean(axis=1))
        spoken = pitch[: len(energy)][energy > 0.5 * voice.level]
        assert np.median(spoken) == pytest.approx(voice.pitch, rel=0.25)


def test_the_mouth_opens_with_the_voice() -> None:
    plan, _, speech = _spoken()
    step = plan.settings.audio_rate // 100
    loud = np.sqrt((speech[SPEAKER].samples.reshape(-1, step) ** 2).mean(axis=1))
    assert np.corrcoef(loud, speech[SPEAKER].mouth)[0, 1] > 0.5


def test_a_touched_listener_speaks_softer_lower_and_slower() -> None:
    warm: list[Delivery] = []
    cold: list[Delivery] = []
    for index in range(40):
        plan = plan_dyad(Settings(seed=2), index)
        turns = write_dialogue(plan)
        for turn, how in zip(turns, deliver(plan, turns), strict=True):
            if turn.participant == LISTENER:
                (warm if plan.windows[turn.window].voice > 0.5 else cold).append(how)
    for quality in ("loudness", "pitch", "liveliness", "pace"):
        means = [np.mean([getattr(how, quality) for how in group]) for group in (warm, cold)]
        assert means[0] < 0.95 * means[1], quality


def test_sound_and_words_share_the_clock(simulated_corpus: Path) -> None:
    folder = simulated_corpus.parent / "dyad-001"
    utterances = read_transcript(folder / "transcript.vtt").of(SPEAKER).utterances
    sound = AudioStream(folder / "speaker.mp4").read(16_000)
    times = sound.start + np.arange(len(sound.samples)) / sound.rate
    inside = np.zeros(len(times), bool)
    near = np.zeros(len(times), bool)
    for utterance in utterances:
        assert utterance.start is not None
        assert utterance.end is not None
        inside |= (times >= utterance.start) & (times < utterance.end)
        near |= (times >= utterance.start - 0.03) & (times < utterance.end + 0.06)
    power = sound.samples**2
    assert power[inside].mean() > 100 * power[~near].mean()


def test_transcripts_name_both_people_and_follow_the_plan(simulated_corpus: Path) -> None:
    transcript = read_transcript(simulated_corpus.parent / "dyad-002" / "transcript.vtt")
    assert [u.speaker for u in transcript.utterances] == [SPEAKER, LISTENER] * 4
    times = [time for u in transcript.utterances for time in (u.start, u.end)]
    assert times == sorted(times)  # type: ignore[type-var]
    words = read_transcript(simulated_corpus.parent / "dyad-002" / "words.tsv").utterances
    assert " ".join(word.text for word in words) == " ".join(u.text for u in transcript.utterances)


def test_the_lines_are_many_and_can_be_spoken() -> None:
    assert len(TOPICS) >= 8
    assert sum(len(topic.lines) for topic in TOPICS) >= 40
    assert min(len(EMPATHIC), len(UNEMPATHIC)) >= 40
    assert len({*EMPATHIC, *UNEMPATHIC}) == len(EMPATHIC) + len(UNEMPATHIC)
    told = [line for topic in TOPICS for pair in topic.lines for line in pair]
    filled = [
        line.format(thing=topic.thing, who=topic.who, feeling=feeling)
        for line in (*EMPATHIC, *UNEMPATHIC)
        for topic in TOPICS
        for feeling in topic.feelings
    ]
    assert all(phones(word) for line in (*told, *SOUNDS, *filled) for word in line.split())


def test_the_listeners_words_follow_the_plan() -> None:
    def stems(lines: tuple[str, ...]) -> set[str]:
        return {line.split("{")[0].lower() for line in lines if not line.startswith("{")}

    plan = plan_dyad(Settings(seconds=400, seed=4), 0)
    replies = [turn for turn in write_dialogue(plan) if turn.participant == LISTENER and turn.text not in SOUNDS]
    assert len(replies) == len(plan.windows)
    for reply in replies:
        bank = stems(EMPATHIC if plan.windows[reply.window].text else UNEMPATHIC)
        assert any(reply.text.lower().startswith(stem) for stem in bank)


def test_body_signals_state_their_rate_and_length(simulated_corpus: Path) -> None:
    found = PhysiologyFile(simulated_corpus.parent / "dyad-001" / "listener_physio.tsv.gz").read().signals
    assert sorted(found) == ["ECG", "EDA", "RSP"]
    for signal in found.values():
        assert (signal.rate, signal.start, signal.end) == (100.0, 0.0, 20.0)
        assert np.isfinite(signal.values).all()


def _heart_rate(ecg: Array, rate: int) -> Array:
    """Heart rate at 10 Hz as NeuroKit2 reads it, in beats a minute."""
    import neurokit2 as nk

    peaks = nk.ecg_peaks(nk.ecg_clean(ecg, sampling_rate=rate), sampling_rate=rate)[1]["ECG_R_Peaks"] / rate
    moments = np.arange(0, len(ecg) / rate, 0.1)
    return np.asarray(np.interp(moments, (peaks[1:] + peaks[:-1]) / 2, 60 / np.diff(peaks)))


def _lagged(leader: Array, follower: Array, rate: float) -> Array:
    """Correlation of a follower with a leader at lags of -5 to 5 s."""
    reach = round(5 * rate)
    middle = leader[reach:-reach]
    lagged = (follower[reach + lag : len(follower) - reach + lag] for lag in range(-reach, reach + 1))
    return np.array([np.corrcoef(middle, moved)[0, 1] for moved in lagged])


def _best_lag(leader: Array, follower: Array, rate: float) -> float:
    return float(np.argmax(_lagged(leader, follower, rate)) / rate - 5)


def test_hearts_and_skin_follow_after_the_lag() -> None:
    hearts, skins = [], []
    for index in range(12):
        plan = plan_dyad(Settings(seed=5, lag=2.0), index)
        bodies = [signals(plan, person, Body(72, 15, 5, 0.5)) for person in (SPEAKER, LISTENER)]
        rates = [_heart_rate(body[:, 0], 100) for body in bodies]
        for rate in rates:
            assert 60 < rate.mean() < 84
            assert rate.std() < 15
        hearts.append(_lagged(rates[0], rates[1], 10))
        skins.append(_lagged(np.diff(bodies[0][::10, 1]), np.diff(bodies[1][::10, 1]), 10))
    for curves in (hearts, skins):
        mean = np.mean(curves, axis=0)
        assert np.argmax(mean) / 10 - 5 == pytest.approx(2.0, abs=1.0)
        assert mean.max() > 0.25


def test_uncoupled_bodies_share_nothing() -> None:
    curves = []
    for index in range(12):
        plan = plan_dyad(Settings(seed=5, coupling=0.0), index)
        rates = [_heart_rate(signals(plan, person, Body(72, 15, 5, 0.5))[:, 0], 100) for person in (SPEAKER, LISTENER)]
        curves.append(_lagged(rates[0], rates[1], 10))
    assert np.abs(np.mean(curves, axis=0)).max() < 0.25


def test_a_touched_listener_breathes_slower() -> None:
    import neurokit2 as nk

    settings = Settings(dyads=1, seconds=200, window=100, noise=Noise(physiology=0.0), seed=1)
    plan = plan_dyad(settings, 0)
    breath = signals(plan, LISTENER, Body(72, 16, 5, 0.5))[:, 2]
    counts = {}
    for window in plan.windows:
        part = breath[int(window.start * 100) : int(window.end * 100)]
        counts[window.empathy] = len(nk.rsp_findpeaks(nk.rsp_clean(part, sampling_rate=100), 100)["RSP_Peaks"])
    assert counts[1] < counts[0]
