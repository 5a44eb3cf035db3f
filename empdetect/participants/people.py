"""Who is who: the speakers, faces and files of a recording as participants with names and roles."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from empdetect.errors import InputError
from empdetect.participants.clock import on_one_clock
from empdetect.participants.hearing import listen
from empdetect.participants.opening import Streams, open_streams
from empdetect.recording import Participant, Words
from empdetect.roles import CHANNEL, FACE, FILES, Role, Roles
from empdetect.streams.absent import Absent
from empdetect.streams.audio import AudioStream
from empdetect.streams.face_path import FacePath
from empdetect.streams.transcript import Transcript
from empdetect.streams.turns import Turns
from empdetect.streams.video import VideoStream

ALONE = "speaker"
"""Name of a participant whom nothing names."""


@dataclass(frozen=True)
class WhoIsWho:
    """What the user says of the people in recordings, and asks to be found out about them.

    Args:
        roles: who the labels are.
        faces: whether each face of a film is a participant.
        recogniser: name or folder of the Whisper model that recognises speech where there is no transcript.
        device: where the recogniser runs.
    """

    roles: Roles = field(default_factory=Roles)
    faces: bool = False
    recogniser: str | None = None
    device: str = "cpu"


def people_of(recording: str, files: Mapping[str, Path], who: WhoIsWho) -> tuple[tuple[Participant, ...], list[str]]:
    """The participants of a recording, and what the user should know, such as that a film belongs to nobody.

    Args:
        recording: its name.
        files: its files by kind.
        who: what is known and asked of the people.

    Raises:
        InputError: none of the files can be read, the roles contradict each other, or there is no such recogniser.
    """
    return people_in(recording, on_one_clock(open_streams(files)), files, who)


def people_in(
    recording: str, streams: Streams, files: Mapping[str, Path], who: WhoIsWho
) -> tuple[tuple[Participant, ...], list[str]]:
    """The participants of a recording whose streams are open; the rest as for ``people_of``."""
    streams = listen(streams, who.recogniser, who.device)
    roles = who.roles.of(recording)
    wanted = who.faces or any(FACE.fullmatch(label) for label in roles)
    cast = _Cast(streams, roles, faces_in(streams.video) if wanted else {})
    people = [cast.participant(name, labels) for name, labels in cast.people.items()]
    return tuple(people), [*streams.notes, *cast.notes(people, files), *_unused(recording, who.roles, cast)]


def faces_in(video: VideoStream | None) -> Mapping[str, FacePath]:
    """Faces of a film by label, ``face-1`` the first to be seen; none where there is no film that can be read."""
    if video is None:
        return {}
    from empdetect.features.face_identity import follow_faces

    try:
        return {f"face-{number}": path for number, path in enumerate(follow_faces(video), 1)}
    except InputError:
        # The film is broken: its own reason is told by its features.
        return {}


class _Cast:
    """Labels joined to people, and the streams of each.

    Args:
        streams: what the files hold.
        roles: who the labels are.
        faces: the faces by label.
    """

    def __init__(self, streams: Streams, roles: Mapping[str, Role], faces: Mapping[str, FacePath]) -> None:
        self.streams = streams
        self.roles = roles
        self.faces = faces
        self.said = _with_speakers(streams)
        self.turns = Turns.of_utterances(self.said.utterances) if self.said and self.said.speakers else streams.turns
        self.people = self._people()

    def participant(self, name: str, labels: Sequence[str]) -> Participant:
        """A person with the streams that are theirs."""
        role = next((self.roles[label].role for label in labels if label in self.roles), None)
        video, audio = self._video(labels), self._audio(labels)
        body = self.streams.body if self._alone or "physiology" in labels else None
        return Participant(name, role, video, audio, self._words(labels), body)

    def notes(self, people: Iterable[Participant], files: Mapping[str, Path]) -> list[str]:
        """Which streams belong to none of several people."""
        if self._alone:
            return []
        names = ", ".join([*self.people][:4]) + (", ..." if len(self.people) > 4 else "")
        why = f"there are {len(self.people)} participants ({names}) and nothing says whose it is"
        remedies = {
            "video": "ask for faces (--faces) and name them in --roles, or give each person a film in a manifest",
            "audio": "name its channels in --roles, or give turns (RTTM) or a transcript with times and speakers",
            "physiology": "name the person after the label 'physiology' in --roles, or in a manifest",
        }
        given = {"video": self.streams.video, "audio": self.streams.audio, "physiology": self.streams.body}
        found = {kind for person in people for kind, _ in person.streams()}
        lost = [kind for kind, stream in given.items() if stream is not None and kind not in found]
        source = {kind: files.get(kind, files.get("video", Path(kind))).name for kind in lost}
        return [f"{source[kind]} is given to nobody as {kind}: {why}; {remedies[kind]}" for kind in lost]

    @property
    def _alone(self) -> bool:
        return len(self.people) == 1

    def _people(self) -> dict[str, list[str]]:
        """Labels by person: speakers in the order they speak, then faces, then those whom only the roles know."""
        spoken = self.said if self.said is not None and self.said.speakers else self.turns
        speakers, faces = list(spoken.speakers if spoken else ()), list(self.faces)
        # One face belongs to the one voice, unless the roles say otherwise.
        same = dict(zip(faces, speakers)) if len(faces) == len(speakers) == 1 else {}
        people: dict[str, list[str]] = {}
        for label in [*speakers, *faces, *filter(self._is_stream, self.roles)] or [ALONE]:
            name = self._name(label if label in self.roles else same.get(label, label))
            people.setdefault(name, []).append(label)
        return people

    def _is_stream(self, label: str) -> bool:
        """Whether a label of the roles is a channel or a file of this recording."""
        present = {"video": self.streams.video, "audio": self.streams.audio, "physiology": self.streams.body}
        if CHANNEL.fullmatch(label):
            return self.streams.audio is not None
        return label in FILES and present[label] is not None

    def _name(self, label: str) -> str:
        return self.roles[label].participant if label in self.roles else label

    def _video(self, labels: Sequence[str]) -> VideoStream | None:
        video = self.streams.video
        if video is None:
            return None
        path = next((self.faces[label] for label in labels if label in self.faces), None)
        if path is not None:
            return replace(video, face=path)
        return video if "video" in labels or (self._alone and not self.faces) else None

    def _audio(self, labels: Sequence[str]) -> AudioStream | None:
        audio = self.streams.audio
        if audio is None:
            return None
        own = None if self.turns is None else self.turns.of(*labels)
        channel = next((int(match[1]) for label in labels if (match := CHANNEL.fullmatch(label))), None)
        if channel is not None:
            return replace(audio, channel=channel, turns=own if own and own.turns else None)
        if self._alone:
            # The turns of a transcript are no news; those that were heard tell how sure it is that someone speaks.
            return replace(audio, turns=None if self.said else self.turns)
        if "audio" in labels:
            return audio
        return replace(audio, turns=own, shared=True) if own is not None and own.turns else None

    def _words(self, labels: Sequence[str]) -> Words | None:
        words, said = self.streams.words, self.said
        if isinstance(words, Absent):
            return words
        if said is None or not said.speakers:
            return words if self._alone else None
        if not set(labels) & set(said.speakers):
            return None
        names = {label: self._name(label) for label in said.speakers}
        if said is self.streams.said and all(label == name for label, name in names.items()):
            return words
        return replace(said, utterances=tuple(replace(u, speaker=names.get(u.speaker or "")) for u in said.utterances))


def _with_speakers(streams: Streams) -> Transcript | None:
    """What was said; where the words name nobody and the turns do, each utterance is of who speaks longest in it."""
    said, turns = streams.said, streams.turns
    if said is None or said.speakers or turns is None or not turns.speakers:
        return said
    known = [
        u if u.start is None or u.end is None else replace(u, speaker=turns.speaker_between(u.start, u.end))
        for u in said.utterances
    ]
    return replace(said, utterances=tuple(known))


def _unused(recording: str, roles: Roles, cast: _Cast) -> list[str]:
    """Labels of the roles that are not in a recording of which they speak."""
    labels = {label for found in cast.people.values() for label in found}
    known = ", ".join(sorted(labels))
    own = [row.label for row in roles.rows if row.recording == recording and row.label not in labels]
    notes = [f"the roles name '{label}', which is not in it: it has {known}" for label in own]
    if roles.rows and not own and not labels & {row.label for row in roles.rows}:
        notes.append(f"the roles name nobody in it: it has {known}")
    return notes
