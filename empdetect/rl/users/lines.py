"""What the embedded user says: our own words, by how it feels and what kind of person it is."""

from collections.abc import Mapping
from typing import Literal

from empdetect.rl.profiles import Character, Intention

Mood = Literal["pleased", "neutral", "annoyed"]

REACTIONS: Mapping[tuple[Character, Mood], tuple[str, ...]] = {
    ("negative", "pleased"): ("Yes, exactly.", "Finally someone sees it.", "Right, that is it.", "Good, you get it."),
    ("negative", "neutral"): ("Well.", "So what.", "Fine, and?", "If you say so."),
    ("negative", "annoyed"): ("That is not it at all.", "No. Just no.", "You do not hear me.", "Great, thanks a lot."),
    ("passive", "pleased"): ("Yes, thank you.", "That does me good.", "You see it.", "That is kind, yes."),
    ("passive", "neutral"): ("Hm.", "Perhaps.", "I suppose so.", "Maybe."),
    ("passive", "annoyed"): ("I do not know.", "Hm, no.", "That does not help me.", "It does not matter."),
    ("avoidant", "pleased"): ("That is true, in a way.", "Yes, I think so.", "I had not said it so.", "Yes, that."),
    ("avoidant", "neutral"): ("It is all right.", "Let us see.", "Well, anyway.", "Something like that."),
    ("avoidant", "annoyed"): ("Let us leave that.", "I would not put it so.", "Never mind.", "That is another matter."),
}
"""The first words of an answer."""

HINTS: Mapping[Intention, tuple[str, ...]] = {
    "agreement": ("Was it really my fault?", "Did I do something wrong here?", "Am I the one to blame?"),
    "reflection": ("Maybe it has to do with me.", "I wonder what it says about me.", "Why do I always do that?"),
    "analysis": (
        "I cannot see it clearly from all sides.",
        "There is something to be said for each way.",
        "I keep weighing it and get nowhere.",
    ),
    "empathy": ("Nobody knows how it feels.", "I need someone to see it.", "It hurts more than I can say."),
    "listening": ("And that is not even all.", "I just have to get it off my chest.", "There is so much more to it."),
    "motives": ("Why would anyone do that?", "I do not see what goes on in them.", "What were they thinking?"),
    "advice": ("What can I do now?", "I do not know how to begin.", "How does anyone get out of that?"),
    "praise": ("It was not easy for me to do that.", "Nobody saw what I did there.", "It cost me a lot, you know."),
}
"""What gives a hidden intention away, without saying it."""

RELIEVED: Mapping[Intention, tuple[str, ...]] = {
    "agreement": ("So it was not all my doing.", "I can stop defending myself."),
    "reflection": ("I see my own part a little better.", "That is something I want to change."),
    "analysis": ("It looks less like a wall now.", "I can see what stands on each side."),
    "empathy": ("It is good that someone sees it.", "I do not have to be brave for a moment."),
    "listening": ("It is good to have said it out loud.", "I am breathing more slowly now."),
    "motives": ("So it may not have been about me.", "That would explain a few things."),
    "advice": ("I could really try that.", "That is a beginning I can manage."),
    "praise": ("Then it counted for something.", "I will remember that you said it."),
}
"""What a user says who is nearly content."""

WITHDRAWN = ("I would rather not say more.", "Forget that I said anything.", "I do not want to go into it.")
"""What a passive or avoidant user says instead of going on, after a reply that hurt."""

WRAPPED_UP = ("It still goes round in my head.", "I think about it every day.", "That is how it is.", "So it goes.")
"""What a user says who has told everything."""

LOW = ("I am close to stopping here.", "I do not think this helps.")
"""What a user adds whose emotion is near the end."""

CONTENT = ("I feel so much lighter now. Goodbye, and thank you.", "That was what I needed. Thank you, goodbye.")
GIVING_UP = ("This leads nowhere. Goodbye.", "I should not have said anything. Goodbye.")
