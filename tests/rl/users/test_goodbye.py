"""What ends a dialogue in words: said goodbyes, not told ones."""

import gzip
import json
import re
from pathlib import Path

import pytest

from empdetect.rl.users.goodbye import says_goodbye

ENGLISH = [
    "Bye!",
    "Okay, bye then",
    "bye",
    "Goodbye.",
    "Well, goodbye then.",
    "Good bye!",
    "Bye-bye!",
    "bye bye",
    "Byeee",
    "Thanks, I feel better now. Bye!",
    "Thank you and goodbye.",
    "I've had enough. Goodbye.",
    "I have to go now, bye for now.",
    "Goodbye, and thank you.",
    "So this is goodbye.",
    "ok bye",
    "Alright, bye 👋",
    "Bye now",
    "Bye for today",
    "Goodbye my friend",
    "*waves* Bye!",
    "I'm done here—goodbye.",
    "Anyway... bye.",
    "Thanks for listening, goodbye!",
    "I'll go now. Bye, take care.",
    "Thanks so much bye",
    "gotta go bye :)",
    "Goodbye, I've said enough.",
    "I'll say goodbye now.",
    "This leads nowhere. Goodbye.",
    "I feel so much lighter now. Goodbye, and thank you.",
    "Right, I have to run.\nBye",
    "Goodbye - and thanks.",
    "It was nice - bye!",
    "Take care, bye x",
    "Good-bye, and don't write again.",
    "He kissed me goodbye. I can't do this any more. Goodbye.",
    "Bye :)",
    "That was what I needed. Thank you, goodbye.",
    "GOODBYE!!",
    "Fine. Bye. Whatever.",
    "Buh-bye",
    "(sighs) Bye.",
    "Goodbye, then.",
]
ENGLISH_TOLD = [
    "I kissed him goodbye",
    "I kissed him goodbye.",
    "I never said goodbye.",
    "She waved goodbye.",
    "He left without a goodbye.",
    "They did not even say bye.",
    "Our goodbyes were short.",
    "It felt like goodbye.",
    "A long goodbye, you know?",
    '"Bye," he said and hung up.',
    'Bye," he said and hung up.',
    'She just texted "goodbye" and left.',
    "He said, bye, and left.",
    "Saying goodbye to her was hard.",
    "My last goodbye to Mum haunts me.",
    "We had a goodbye party.",
    "Goodbye? Is that all you have to say?",
    "Hello and goodbye is all we say.",
    "I did not know then that goodbye was forever.",
    "There was no goodbye, no hug, nothing.",
    "I wanted to say goodbye to my dog.",
    "The bye-bye song makes me cry.",
    "A good-bye hurts.",
    "Standby is all I do.",
    "bygones",
    "He bid me goodbye.",
    "I'll say goodbye to him tomorrow.",
    "It is time to say bye to the house.",
    "Bye, my mother said and shut the door.",
    "Not even goodbye.",
    "the goodbye letter",
    "Our team has a bye week.",
    "I mouthed goodbye as the train left.",
    "Goodbye parties are the worst.",
]
CHINESE = [
    "再见。",
    "再见！",
    "好的，再见",
    "谢谢你，再见~",
    "那就再见吧。",
    "再见了，朋友。",
    "拜拜",
    "拜拜啦！",
    "那我先拜拜了",
    "明天再见！",
    "下次再见。",
    "算了，不聊了，再见",
    "嗯。拜拜～",
    "好的，bye～",
    "Bye!",
    "再见，谢谢你。",
    "就聊到这吧。再见",
    "再见再见！",
    "我累了……再见。",
    "谢谢您再见",
]
CHINESE_TOLD = [
    "再见他一面",
    "我想再见他一面。",
    "再见到她的时候我哭了。",
    "我们再见面吧。",
    "我没跟她说再见。",
    "他连再见都没说。",
    "我和他说了再见。",
    "他只回了一句再见。",
    "后来我们没再见过。",
    "再也没有再见。",
    "还会再见的。",
    "他说：再见。",
    "“再见”两个字他都没说。",
    "我早就跟他拜拜了。",
    "和过去拜拜",
    "去庙里拜拜佛。",
    "再见一次也好。",
    "再见？你就这样走了？",
    "不知道还能不能再见。",
    "再见，他说。",
    "我不想再见他。",
    "挥手再见的那天",
]


@pytest.mark.parametrize("text", ENGLISH)
def test_a_goodbye_is_heard(text: str) -> None:
    assert says_goodbye(text)


@pytest.mark.parametrize("text", ENGLISH_TOLD)
def test_talk_of_a_goodbye_is_none(text: str) -> None:
    assert not says_goodbye(text)


@pytest.mark.parametrize("text", CHINESE)
def test_a_chinese_goodbye_is_heard(text: str) -> None:
    assert says_goodbye(text, "zh")


@pytest.mark.parametrize("text", CHINESE_TOLD)
def test_talk_of_a_chinese_goodbye_is_none(text: str) -> None:
    assert not says_goodbye(text, "zh")


def test_a_language_that_is_not_known_has_none() -> None:
    assert not says_goodbye("Bye!", "fi")


@pytest.mark.data
def test_every_goodbye_of_sages_logs_is_heard_and_ends_its_dialogue(data_root: Path) -> None:
    """Their code ended a dialogue at these words wherever they stood; all of them were said, none told of."""
    heard = 0
    for path in sorted((data_root / "rlver" / "sage_logs_deepseek_v3").glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                said = [turn["content"] for turn in json.loads(line)["history"] if turn["role"] == "user"]
                assert [says_goodbye(text, "zh") for text in said[:-1]] == [False] * (len(said) - 1)
                if re.search("再见|拜拜", said[-1]):
                    assert says_goodbye(said[-1], "zh"), said[-1]
                heard += says_goodbye(said[-1], "zh")
    assert heard == 179
