"""Listening where nobody has written down what was said: voice activity, and speech recognition if asked for."""

from dataclasses import replace

from empdetect.errors import InputError
from empdetect.participants.opening import Streams
from empdetect.streams.absent import Absent

NO_WORDS = "there is no transcript; give one, or have the speech recognised by a Whisper model (--asr MODEL)"


def listen(streams: Streams, recogniser: str | None, device: str) -> Streams:
    """The streams with turns, and words if a recogniser is named, where there is sound without a transcript.

    Args:
        streams: what the files hold.
        recogniser: name or folder of a Whisper model; None recognises nothing, and the words are absent with a reason.
        device: where the recogniser runs.

    Raises:
        InputError: there is no such recogniser.
    """
    if streams.audio is None or streams.words is not None:
        return streams
    from empdetect.speech.voice_activity import voice_activity

    turns = streams.turns
    try:
        turns = turns or voice_activity(streams.audio)
    except InputError:
        # The sound is broken: its own reason is told by its features.
        return replace(streams, words=Absent(NO_WORDS))
    if not turns.turns:
        return replace(streams, turns=turns, words=Absent(f"{NO_WORDS}; no speech was heard"))
    if recogniser is None:
        return replace(streams, turns=turns, words=Absent(NO_WORDS))
    from empdetect.speech.recognition import recognise

    said = recognise(streams.audio, turns, recogniser, device)
    if not said.utterances:
        reason = f"{recogniser} recognised no words in {len(turns.turns)} turns of speech"
        return replace(streams, turns=turns, words=Absent(reason))
    return replace(streams, turns=turns, words=said, said=said)
