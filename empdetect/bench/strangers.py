"""Strangers: made inputs that no detector was trained for, to see whether it knows that it does not know.

Music, noise, near silence, other languages, words at random, flat and wild body signals, cartoon faces. All are
made here from a seed, nothing is downloaded.
"""

import os
import wave
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from empdetect.recording import Participant, Recording, Segment
from empdetect.streams.audio import AudioStream
from empdetect.streams.physiology import Physiology, Signal
from empdetect.streams.transcript import Transcript, Utterance
from empdetect.streams.video import VideoStream

Array = NDArray[np.float64]
Rng = np.random.Generator

RATE = 16_000
"""Samples a second of the made sounds, in Hz."""
BODY_RATE = 100.0
"""Samples a second of the made body signals, in Hz."""
FILM_RATE = 12.5
"""Pictures a second of the made films, in Hz."""

LANGUAGES: Mapping[str, tuple[str, ...]] = {
    "German": (
        "Das tut mir wirklich leid, du hast so viel durchgemacht.",
        "Hast du schon mit jemandem darüber gesprochen?",
        "Ich kenne das Gefühl, morgens nicht aufstehen zu wollen.",
        "Es wird nicht immer so bleiben, auch wenn es sich heute so anfühlt.",
    ),
    "Spanish": (
        "Siento mucho que estés pasando por esto, no estás solo.",
        "¿Qué fue lo que te dijo tu hermana después de la discusión?",
        "A mí también me costó años volver a confiar en alguien.",
        "Mañana puede ser un día un poco mejor que hoy.",
    ),
    "French": (
        "Je comprends que cette nuit a été très difficile pour toi.",
        "Est-ce que tu arrives à dormir un peu en ce moment ?",
        "Après la mort de mon père, je ne parlais plus à personne.",
        "Tu as le droit d'être en colère contre lui.",
    ),
    "Italian": (
        "Mi dispiace tanto, dev'essere stato terribile per te.",
        "Da quanto tempo ti senti così stanca?",
        "Anch'io ho perso il lavoro e so quanto fa male.",
        "Non devi affrontare tutto questo da sola.",
    ),
    "Turkish": (
        "Bunu yaşamak zorunda kaldığın için çok üzgünüm.",
        "Ailenle bu konuyu konuşabildin mi?",
        "Ben de bir zamanlar her şeyden vazgeçmek istemiştim.",
        "Yarın yeniden konuşalım, yalnız değilsin.",
    ),
    "Finnish": (
        "Olen todella pahoillani, tuo kuulostaa raskaalta.",
        "Oletko kertonut kenellekään, miltä sinusta tuntuu?",
        "Minullakin oli vuosi, jolloin mikään ei tuntunut miltään.",
        "Pidä itsestäsi huolta, askel kerrallaan.",
    ),
    "Polish": (
        "Bardzo mi przykro, że musisz przez to przechodzić.",
        "Czy rozmawiałaś już o tym z lekarzem?",
        "Też kiedyś myślałem, że to nigdy się nie skończy.",
        "Nie jesteś ciężarem dla swoich przyjaciół.",
    ),
    "Russian": (
        "Мне очень жаль, что тебе так тяжело сейчас.",
        "Ты уже рассказала об этом маме?",
        "Я тоже долго не мог выйти из дома после развода.",
        "Завтра будет немного легче, поверь мне.",
    ),
    "Arabic": (
        "أنا آسف جدا لما تمر به هذه الأيام.",
        "هل تحدثت مع أحد عن هذا الأمر؟",
        "لقد شعرت بالشيء نفسه عندما فقدت أخي.",
        "لست وحدك، كلنا معك.",
    ),
    "Chinese": (
        "听到你这样说,我真的很难过。",
        "你有没有跟家里人谈过这件事?",
        "我以前也有过那种什么都不想做的日子。",
        "慢慢来,你不是一个人。",
    ),
}
"""Sentences of comfort, as English ones in the data would say them: only the language is strange."""

WORDS = (
    "granite turbine asparagus ledger quickly seventeen orbit carburettor below velvet isotope plywood marching "
    "cathedral subtract penguin hydraulic copper under gazette trombone paddock enamel ratify walnut octagon "
    "frozen tariff magnet cylinder pickle basalt upon lantern syntax cobweb hexagon anchor dividend mildew "
    "archive piston turnip monsoon zinc fence pulley algebra saddle thermos"
)
LETTERS = "abcdefghijklmnopqrstuvwxyz"
CODE = (
    "for (int i = 0; i < n; ++i) { sum += a[i] * b[i]; }",
    "SELECT id, price FROM orders WHERE shipped IS NULL ORDER BY price DESC LIMIT 10;",
    "<div class='grid'><img src='a.png' width='64'/></div>",
    "git rebase --onto main topic~3 topic && make -j4",
    "x = [(k, v) for k, v in table.items() if v > 0.5]",
    '192.168.0.1 - - [12/Mar] "GET /index.html HTTP/1.1" 404 512',
)


def strange_segments(
    stream: str,
    folder: Path,
    count: int = 20,
    seconds: float = 4.0,
    persons: int = 1,
    channels: Sequence[str] = ("EDA",),
    seed: int = 0,
) -> dict[str, list[Segment]]:
    """Segments of each kind of stranger, by kind.

    Args:
        stream: ``audio``, ``text``, ``video`` or ``physiology``.
        folder: where sounds and films are written.
        count: segments of each kind.
        seconds: length of sounds, films and signals.
        persons: people in each recording, all of the same kind; the first one is scored.
        channels: names of the body signals.
        seed: of all that is random.
    """

    def person(name: str, file: str, kind: str, rng: Rng) -> Participant:
        if stream == "audio":
            path = write_sound(folder / f"{file}.wav", SOUNDS[kind](rng, round(RATE * seconds)))
            return Participant(name, audio=AudioStream(path))
        if stream == "video":
            return Participant(name, video=VideoStream(write_film(folder / f"{file}.mp4", FILMS[kind], rng, seconds)))
        if stream == "text":
            return Participant(name, transcript=Transcript((Utterance(TEXTS[kind](rng), name),)))
        # What is relative to a person's usual level needs some of it before and after.
        length = round(BODY_RATE * 3 * seconds)
        signals = {c: Signal(BODIES[kind](rng, length), BODY_RATE, start=-seconds) for c in channels}
        return Participant(name, physiology=Physiology(signals))

    folder.mkdir(parents=True, exist_ok=True)
    kinds: Mapping[str, object] = {"audio": SOUNDS, "text": TEXTS, "video": FILMS, "physiology": BODIES}[stream]
    found: dict[str, list[Segment]] = {}
    for place, kind in enumerate(kinds):
        rng = np.random.default_rng([seed, place])
        for number in range(count):
            file = f"{kind.replace(' ', '_')}_{number}"
            people = tuple(person(f"person_{p}", f"{file}_{p}", kind, rng) for p in range(persons))
            whole = stream == "text"
            segment = Segment(Recording(file, people), "person_0", None if whole else 0.0, None if whole else seconds)
            found.setdefault(kind, []).append(segment)
    return found


def foreign_speech(data_root: str | None, count: int) -> list[Segment]:
    """German sentences of actors, from Emo-DB (Burkhardt et al., Interspeech 2005); none where it is not there."""
    root = data_root or os.environ.get("EMPDETECT_DATA")
    clips = sorted(Path(root, "emodb").glob("*.flac")) if root else []
    chosen = clips[:: max(1, len(clips) // count)][:count]
    return [Segment(Recording(c.stem, (Participant("speaker", audio=AudioStream(c)),)), "speaker") for c in chosen]


def music(rng: Rng, length: int) -> Array:
    """Chords of plucked strings over a beat, 2 to 3 chords a second: ``(length,)``."""
    sound = np.zeros(length)
    beat = round(RATE * rng.uniform(0.3, 0.5))
    time = np.arange(beat) / RATE
    for start in range(0, length, beat):
        chord = np.zeros(beat)
        for step in (0, rng.choice([3, 4]), 7, 12):
            pitch = 110 * 2 ** ((rng.integers(0, 24) // 2 * 2 + step) / 12)
            for harmonic in range(1, 7):
                chord += np.sin(2 * np.pi * harmonic * pitch * time) / harmonic * np.exp(-3 * harmonic * time)
        chord += 0.6 * rng.standard_normal(beat) * np.exp(-60 * time)
        sound[start : start + beat] += chord[: length - start]
    return 0.2 * sound / max(float(np.abs(sound).max()), 1e-9) * rng.uniform(1, 3)


def white_noise(rng: Rng, length: int) -> Array:
    """Hiss of equal power at all frequencies, between -40 and -10 dB of full scale."""
    return rng.standard_normal(length) * 10 ** (rng.uniform(-40, -10) / 20)


def pink_noise(rng: Rng, length: int) -> Array:
    """Noise whose power falls with frequency, as of wind and traffic."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    sound = np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 1), length)
    return sound / sound.std() * 10 ** (rng.uniform(-35, -15) / 20)


def near_silence(rng: Rng, length: int) -> Array:
    """What a microphone records in an empty place: hiss at -75 to -60 dB of full scale."""
    return rng.standard_normal(length) * 10 ** (rng.uniform(-75, -60) / 20)


def mains_hum(rng: Rng, length: int) -> Array:
    """Hum of 50 or 60 Hz and its harmonics, over a little hiss."""
    time = np.arange(length) / RATE
    pitch = rng.choice([50.0, 60.0])
    hum = sum(np.sin(2 * np.pi * k * pitch * time + rng.uniform(0, 6.28)) / k for k in (1, 2, 3, 5, 7))
    return np.asarray(rng.uniform(0.02, 0.2) * hum + 0.001 * rng.standard_normal(length))


def another_language(rng: Rng) -> str:
    """Two sentences of one of ``LANGUAGES``."""
    sentences = LANGUAGES[str(rng.choice(list(LANGUAGES)))]
    return " ".join(rng.choice(sentences, 2, replace=False))


def random_words(rng: Rng) -> str:
    """5 to 20 English words that say nothing."""
    return " ".join(rng.choice(WORDS.split(), rng.integers(5, 21)))


def random_letters(rng: Rng) -> str:
    """A cat on the keyboard: 5 to 15 strings of letters."""
    return " ".join("".join(rng.choice(list(LETTERS), rng.integers(2, 10))) for _ in range(rng.integers(5, 16)))


def program_code(rng: Rng) -> str:
    """A line or two of code or log."""
    return " ".join(rng.choice(CODE, rng.integers(1, 3), replace=False))


def loose_electrode(rng: Rng, length: int) -> Array:
    """White noise far beyond any body signal."""
    return 100 * rng.standard_normal(length)


def flat_line(rng: Rng, length: int) -> Array:
    """A sensor that lies on the table: a constant with a trace of noise."""
    return np.asarray(rng.uniform(0, 5) + 1e-4 * rng.standard_normal(length))


def square_wave(rng: Rng, length: int) -> Array:
    """A test signal of 0.5 to 2 Hz."""
    time = np.arange(length) / BODY_RATE
    return np.asarray(rng.uniform(5, 50) * np.sign(np.sin(2 * np.pi * rng.uniform(0.5, 2) * time)))


def drawn_face(rng: Rng) -> "Callable[[int], NDArray[np.uint8]]":
    """A drawn person with an expression, as in the simulated corpus."""
    from empdetect.datamodules.simulation.faces import FacePainter
    from empdetect.datamodules.simulation.looks import Look

    painter = FacePainter(Look.draw(rng, bool(rng.random() < 0.5)), 2.0, rng)
    names = ("sorrow", "raised", "smile", "mouth", "blink", "gaze", "roll", "shift", "nod")
    face = dict.fromkeys(names, 0.0) | {"smile": float(rng.random()), "mouth": float(rng.random()), "zoom": 1.0}
    return lambda frame: painter.paint({**face, "mouth": face["mouth"] * abs(np.sin(frame / 5))}, frame)


def comic_face(rng: Rng) -> "Callable[[int], NDArray[np.uint8]]":
    """A comic character: flat colours, thick lines, big eyes."""
    import cv2

    skin, wall = (tuple(int(c) for c in rng.integers(90, 255, 3)) for _ in range(2))
    smile, size = float(rng.uniform(-12, 18)), int(rng.integers(70, 90))

    def paint(frame: int) -> NDArray[np.uint8]:
        picture = np.full((240, 240, 3), wall, np.uint8)
        cv2.circle(picture, (120, 124), size, skin, -1)
        cv2.circle(picture, (120, 124), size, (0, 0, 0), 4)
        for x in (92, 148):
            cv2.ellipse(picture, (x, 104), (16, 22), 0, 0, 360, (255, 255, 255), -1)
            cv2.ellipse(picture, (x, 104), (16, 22), 0, 0, 360, (0, 0, 0), 3)
            cv2.circle(picture, (x + frame % 5 - 2, 106), 7, (0, 0, 0), -1)
            cv2.line(picture, (x - 16, 76), (x + 16, 74), (0, 0, 0), 5)
        across = np.linspace(-30, 30, 15)
        mouth = np.column_stack([120 + across, 160 + smile * (1 - (across / 30) ** 2)]).astype(np.int32)
        cv2.polylines(picture, [mouth], False, (30, 0, 0), 6)
        return picture

    return paint


SOUNDS: Mapping[str, Callable[[Rng, int], Array]] = {
    "music": music,
    "white noise": white_noise,
    "pink noise": pink_noise,
    "near silence": near_silence,
    "mains hum": mains_hum,
}
TEXTS: Mapping[str, Callable[[Rng], str]] = {
    "another language": another_language,
    "random words": random_words,
    "random letters": random_letters,
    "program code": program_code,
}
BODIES: Mapping[str, Callable[[Rng, int], Array]] = {
    "loose electrode": loose_electrode,
    "flat line": flat_line,
    "square wave": square_wave,
}
FILMS: "Mapping[str, Callable[[Rng], Callable[[int], NDArray[np.uint8]]]]" = {
    "drawn face": drawn_face,
    "comic face": comic_face,
}


def write_sound(path: Path, samples: Array) -> Path:
    """Write ``(time,)`` samples in [-1, 1] as 16-bit WAV."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def write_film(
    path: Path, kind: "Callable[[Rng], Callable[[int], NDArray[np.uint8]]]", rng: Rng, seconds: float
) -> Path:
    """Write a film of a kind of face, without any sound in it to speak of."""
    from empdetect.datamodules.simulation.media import write_mp4

    paint = kind(rng)
    pictures = (paint(frame) for frame in range(round(FILM_RATE * seconds)))
    write_mp4(path, pictures, FILM_RATE, np.zeros(round(RATE * seconds), np.float32), RATE)
    return path
