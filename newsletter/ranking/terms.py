"""From text to terms: words in their stems, in any script, without the words that say nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from newsletter.model import Entry
from newsletter.text import readable

MAX_CHARACTERS = 20_000
"""What is read of one field: more than any abstract has, and a bound to what one entry can cost."""

MAX_RUN = 64
"""Letters of one word that are looked at."""
_SOUTH_ASIAN = "\u0900-\u0dff"
"""Their vowel signs are no letters to ``re``, and would cut words to pieces."""
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u312f"
    "\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Thai to Khmer, kana, Han, Hangul: words are not parted by spaces, or carry their particles."""
_RUN = re.compile(rf"[{_UNSPACED}]+|(?:(?![{_UNSPACED}_])[\w{_SOUTH_ASIAN}]){{1,{MAX_RUN}}}")
_ASCII_RUN = re.compile(f"[a-z0-9]{{1,{MAX_RUN}}}")
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_BETWEEN = re.compile(r"[\s\-]+")
_STRANGE = re.compile("[^\x00-\x7f]+")
CACHED_CHARACTERS = 16
_IGNORED = dict.fromkeys([0xAD, 0x640, *range(0x200B, 0x2010)])
"""Soft hyphen, tatweel, zero-width joiners and marks: they change the look of a word, not the word."""
_ARABIC_FORMS = str.maketrans("ةىیک", "هييك")

_STOP = frozenset(
    """
    a about above across after again against all almost alone along already also although always am among an and
    another any anyone anything are around as at back be became because become becomes been before behind being below
    between both but by can cannot could did do does doing done down due during each e.g eg either else enough etc even
    ever every everything except few first for from full further had has have having he hence her here hers herself him
    himself his how however i ie if in indeed instead into is it its itself just keep last least less made many may me
    might mine more moreover most mostly much must my myself namely neither never nevertheless next no nobody none nor
    not nothing now nowhere of off often on once one only onto or other others otherwise our ours ourselves out over own
    per perhaps quite rather re really same several she should since so some somehow something sometimes somewhere still
    such than that the their theirs them themselves then there thereby therefore these they this those though through
    throughout thus to together too toward towards under until up upon us very via was we well were what whatever when
    whence whenever where whereas wherever whether which while who whoever whole whom whose why will with within without
    would yet you your yours yourself textbf textit textrm texttt emph mathbb mathbf mathcal mathrm mathsf
    """.split()  # noqa: SIM905 a list literal of words is not to be read
)

_VOWEL = re.compile("[aeiouy]")
_ENGLISH = re.compile(r"[a-z]{4,}")
_CYRILLIC = re.compile(r"[\u0400-\u052f]{4,}")
_ARABIC = re.compile(r"[\u0620-\u06ff]{4,}")
_CYRILLIC_ENDING = re.compile(
    "(?<=...)(?:иями|ями|ием|ами|ого|его|ому|ему|ыми|ими|иеи|иям|иях|ах|ях|ои|еи|ии|ыи|ая|яя|ое|ее|ые|ие|ых|их|ую|юю|ов|ев|ам|ям"
    "|ом|ем|ым|им|ия|ию|ью|а|я|о|е|ы|и|у|ю|ь)$"
)
_ARABIC_PREFIX = re.compile("^(?:وال|بال|كال|فال|لل|ال)(?=...)")
_ARABIC_SUFFIX = re.compile("(?<=...)(?:ها|ان|ات|ون|ين|يه|ه|ي)$")


def read_words(text: str) -> list[str]:
    """The text's words in order: folded, stemmed, stop words left out; scripts without spaces as character pairs.

    >>> read_words("Spiking networks, and the pruning of Transformers")
    ['spik', 'network', 'prun', 'transformer']
    >>> read_words("深度学习")
    ['深度', '度学', '学习']
    """
    return [word for run in _find_runs(text) for word in _cut(run)]


def read_forms(text: str) -> dict[str, str]:
    """Each word as it first stands in the text, folded.

    >>> read_forms("Spiking networks spike")
    {'spik': 'spiking', 'network': 'networks'}
    """
    forms: dict[str, str] = {}
    for run in _find_runs(text):
        words = _cut(run)
        for word in words:
            forms.setdefault(word, run if len(words) == 1 else word)
    return forms


def find_tokens(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """The text's parts between spaces and hyphens as they stand, each with its words.

    >>> find_tokens("the Spiking networks")
    [('the', ()), ('Spiking', ('spik',)), ('networks', ('network',))]
    """
    parts = _BETWEEN.split(text[:MAX_CHARACTERS].strip())
    return [(part, tuple(read_words(part))) for part in parts if part]


def read_fields(entry: Entry) -> Iterator[list[str]]:
    """The words of the title, then those of each other field that tells what an entry is about."""
    return map(read_words, tell_fields(entry))


def tell_fields(entry: Entry) -> tuple[str, ...]:
    """The texts that tell what an entry is about, the title first."""
    return (readable(entry.title[:MAX_CHARACTERS]), entry.summary, *entry.keywords)


def _find_runs(text: str) -> list[str]:
    folded = _fold(text[:MAX_CHARACTERS])
    return (_ASCII_RUN if folded.isascii() else _RUN).findall(folded)


def _fold(text: str) -> str:
    """Lower case without accents; what looks alike is alike."""
    return text.lower() if text.isascii() else _STRANGE.sub(_fold_match, text.lower())


def _fold_match(match: re.Match[str]) -> str:
    """Only what is not ASCII changes by more than its case: in most texts some signs, the same again and again."""
    run = match[0]
    return _fold_sign(run) if len(run) <= CACHED_CHARACTERS else _fold_strange(run)


def _fold_strange(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text).casefold().translate(_IGNORED)
    kept = "".join(character for character in apart if not unicodedata.combining(character))
    return unicodedata.normalize("NFC", kept).translate(_ARABIC_FORMS)


_fold_sign = lru_cache(maxsize=1 << 14)(_fold_strange)


def _cut(run: str) -> tuple[str, ...]:
    if run.isascii():
        return _cut_word(run)
    if _IS_UNSPACED.match(run):
        return tuple(run[n : n + 2] for n in range(len(run) - 1)) or (run,)
    return _cut_word(run)


@lru_cache(maxsize=1 << 17)
def _cut_word(run: str) -> tuple[str, ...]:
    return () if run in _STOP or len(run) == 1 else (_stem(run),)


def _stem(word: str) -> str:
    """One form for a word's inflections: plural, -ed and -ing in English, light endings in Cyrillic and Arabic."""
    if _ENGLISH.fullmatch(word):
        return _stem_english(word)
    if _CYRILLIC.fullmatch(word):
        return _CYRILLIC_ENDING.sub("", word)
    if _ARABIC.fullmatch(word):
        return _ARABIC_SUFFIX.sub("", _ARABIC_PREFIX.sub("", word))
    return word


def _stem_english(word: str) -> str:
    if word.endswith("ies"):
        word = word[:-3] + "y"
    elif word.endswith("s") and word[-2] not in "su":
        word = word[:-1]
    for ending in ("ing", "ed"):
        left = word.removesuffix(ending)
        if left != word and len(left) >= 3 and _VOWEL.search(left) and not word.endswith(("eed", "mbed")):
            word = left
            break
    word = word.removesuffix("e")
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word
