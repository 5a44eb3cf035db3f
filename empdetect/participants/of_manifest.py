"""The people of a manifest: what the user asks to be found out about them, and who they are by the roles."""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from empdetect.errors import InputError
from empdetect.participants.clock import on_one_clock
from empdetect.participants.hearing import listen
from empdetect.participants.opening import Streams
from empdetect.participants.people import ALONE, WhoIsWho, faces_in, people_in
from empdetect.recording import Participant, Recording, Words
from empdetect.roles import FACE, Role
from empdetect.streams.transcript import TranscriptFile
from empdetect.streams.video import VideoStream


@dataclass(frozen=True)
class Cast:
    """The people of a recording, found out.

    Args:
        recording: with them.
        names: what each participant of the manifest is called now; several where one row turned out to be several.
        notes: what the user should know.
    """

    recording: Recording
    names: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...] = ()


def found_out(recording: Recording, who: WhoIsWho) -> Cast:
    """The people of a manifest's recording with roles, faces and recognised words, as far as these are asked for.

    A row that names nobody is like the files of a recording: its speakers and faces become the participants. People
    whom rows name keep their own streams.

    Raises:
        InputError: the roles contradict each other, or there is no such recogniser.
    """
    if who == WhoIsWho():
        return Cast(recording, {person.name: (person.name,) for person in recording.participants})
    first = recording.participants[0]
    if len(recording.participants) == 1 and first.name == ALONE:
        return _of_nobody(recording, first, who)
    return _of_named(recording, who)


def _of_nobody(recording: Recording, person: Participant, who: WhoIsWho) -> Cast:
    files = {name: stream.path for name, stream in person.streams() if hasattr(stream, "path")}
    said = None
    if isinstance(person.transcript, TranscriptFile):
        with suppress(InputError):  # its own reason is told by its features
            said = person.transcript.read()
    streams = on_one_clock(Streams(person.video, person.audio, person.transcript, person.physiology, said))
    people, notes = people_in(recording.id, streams, files, who)
    if len(people) == 1:
        people = (replace(people[0], role=people[0].role or person.role, tables=person.tables),)
    elif person.tables:
        notes = [*notes, f"its features are given to nobody: there are {len(people)} participants"]
    return Cast(Recording(recording.id, people), {person.name: tuple(p.name for p in people)}, tuple(notes))


def _of_named(recording: Recording, who: WhoIsWho) -> Cast:
    roles = who.roles.of(recording.id)
    people, notes = _with_words(recording.participants, who)
    people, unclear = _with_faces(people, roles, who)
    names = {person.name: roles[person.name].participant if person.name in roles else person.name for person in people}
    renamed = tuple(
        replace(p, name=names[p.name], role=_role(p, roles) or p.role, transcript=_renamed(p.transcript, names))
        for p in people
    )
    own = [row.label for row in who.roles.rows if row.recording == recording.id]
    unused = [label for label in own if label not in names and not FACE.fullmatch(label)]
    there = ", ".join(names)
    notes += [*unclear, *(f"the roles name '{label}', which is not in it: it has {there}" for label in unused)]
    return Cast(Recording(recording.id, renamed), {before: (after,) for before, after in names.items()}, tuple(notes))


def _role(person: Participant, roles: Mapping[str, Role]) -> str | None:
    return roles[person.name].role if person.name in roles else None


def _renamed(words: Words | None, names: Mapping[str, str]) -> Words | None:
    """Words whose speakers are called as the people now are."""
    if not isinstance(words, TranscriptFile) or all(before == after for before, after in names.items()):
        return words
    try:
        said = words.read()
    except InputError:
        return words  # its own reason is told by its features
    return replace(
        said, utterances=tuple(replace(u, speaker=names.get(u.speaker or "", u.speaker)) for u in said.utterances)
    )


def _with_words(people: tuple[Participant, ...], who: WhoIsWho) -> tuple[tuple[Participant, ...], list[str]]:
    """The people with what a recogniser hears in the sound of those who have no transcript."""
    if who.recogniser is None:
        return people, []
    sounds = Counter((p.audio.path, p.audio.channel) for p in people if p.audio is not None)
    found, notes = [], []
    for person in people:
        sound, words = person.audio, person.transcript
        if sound is not None and words is None and sounds[sound.path, sound.channel] > 1:
            notes.append(
                f"{person.name}, text: {sound.path.name} is the sound of several people, so nobody's words are "
                "recognised in it; give each their audio_channel, or a transcript with speakers"
            )
        elif sound is not None and words is None:
            words = listen(Streams(audio=sound), who.recogniser, who.device).words
        found.append(replace(person, transcript=words))
    return tuple(found), notes


def _with_faces(
    people: tuple[Participant, ...], roles: Mapping[str, Role], who: WhoIsWho
) -> tuple[tuple[Participant, ...], list[str]]:
    """The people with their own faces in the films that they share, by the roles; the one face of a film is theirs."""
    wanted = who.faces or any(FACE.fullmatch(label) for label in roles)
    films: dict[Path, list[Participant]] = {}
    for person in people:
        if person.video is not None and wanted:
            films.setdefault(person.video.path, []).append(person)
    videos: dict[str, VideoStream] = {}
    notes = []
    for path, seen in films.items():
        film = seen[0].video
        faces = faces_in(film)
        own = {roles[label].participant: face for label, face in faces.items() if label in roles}
        if len(faces) == len(seen) == 1:
            own.setdefault(seen[0].name, *faces.values())
        for person in seen:
            name = roles[person.name].participant if person.name in roles else person.name
            face = own.get(person.name) or own.get(name)
            if face is not None and person.video is not None:
                videos[person.name] = replace(person.video, face=face)
            elif faces:
                notes.append(
                    f"{path.name} shows {len(faces)} faces ({', '.join(faces)}), and nothing says which is {name}; "
                    "name them in --roles"
                )
    return tuple(replace(p, video=videos.get(p.name, p.video)) for p in people), notes
