"""Whether somebody says goodbye, or only tells of a goodbye.

RLVER and SAGE end a dialogue at 再见 or 拜拜 anywhere, which their prompts ask for. Taken at their word, "再见他一面"
(see him once more) would end it too, and so would "I kissed him goodbye". So a goodbye counts where it stands
by itself, as people say it: it begins a clause, or follows a word that leads to it, and nothing hangs on it.
"""

import re

_TOLD = "said|says|whispered|shouted|yelled|muttered|mumbled|texted|wrote|called"
_LEAD = "|".join(
    (
        "okay|okey|ok|well|so|then|now|right|alright|fine|anyways?|thanks|thank you|thx|(?<!hello )and|but|just|guess",
        "this is|it['’]s|it is|i['’]ll(?: just)? say|have to go|got to go|gotta go|going|leaving|enough|much|care",
        "later|soon|night|listening|again",
    )
)
_AFTER = "|".join(
    (
        "then|now|here|for (?:now|today|tonight|good)|and|everyone|everybody|all|again|(?:my )?(?:dear )?friend|dear",
        "mate|man|guys|until|till|see you|take care|have a|thanks|thank you|to you|x+|i['’](?:m|ve|ll)",
    )
)
_ENGLISH = re.compile(
    rf"(?:^|(?<!said)(?<!says)[.!?,;…—–*()，。！？；]|\s-|\b(?:{_LEAD})\b)[^\S\n]*"
    r"\b(?:good[-\s]?bye+|(?:buh-)?bye+(?:[-\s]+bye+)*)\b"
    # Nothing more, a mark that is no question, quotation or colon, a face, or words that belong to it.
    rf"(?=\s*(?:$|[^\w\s\"“”‘’'«»?？:：-]|\s-|[:;]-?[()DP]|(?:{_AFTER})\b))"
    rf"(?![.,!…]*[\"“”'’»])(?!\W*(?:\w+\s+){{1,2}}(?:{_TOLD})\b)",
    re.IGNORECASE | re.MULTILINE,
)
_CHINESE = re.compile(
    r"(?<![说道声句叫喊没不未能想要有会字别可以手“\"‘「『：:])(?<![说道]了)(?<!说过)(?<![跟和与同向对]\w)(?<![跟和与同向对]\w\w)"
    r"(?:再见|拜拜)"
    r"(?=[了啦吧咯喽哦噢呀啊哈]?(?:$|[^\w“”\"’」』？?：:])|朋友|大家|谢谢|祝|保重)"
    r"(?!\W{0,2}(?:[他她]们?|对方|我?妈妈?|我?爸爸?)(?:说|喊|道))",
    re.MULTILINE,
)


def says_goodbye(text: str, language: str = "en") -> bool:
    """Whether these words end a talk; never in a language that is not known, which are all but English and Chinese.

    A Chinese speaker may also say "bye".
    """
    if language not in ("en", "zh"):
        return False
    return bool(_ENGLISH.search(text) or (language == "zh" and _CHINESE.search(text)))
