"""Finds the names of stores and items in a question and puts the marks N0, N1 ... in their place."""

import re
from dataclasses import dataclass, field
from typing import Final

from charts.insight.questions.names import MOST_CHOICES, Known, Name, folded, singular
from charts.insight.questions.text import Ambiguous, Text, Unknown
from charts.insight.questions.typos import correction
from charts.insight.questions.words import STOPWORDS, UNSUPPORTED, VOCABULARY

_STORE_WORD: Final = r"(?:stores?|shops?|branch|branches|outlets?|locations?)"
_ITEM_WORD: Final = r"(?:items?|products?|articles?|skus?)"
_WITHOUT: Final = "except(?: for)?|excluding|exclude|outside|excl|without|other than|apart from|not counting|but not|not|no"
_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_NAMES: Final = r"N\d+(?: (?:and |or |nor )?N\d+)*"


@dataclass(slots=True)
class Names:
    """The names of a question."""

    wanted: list[Name] = field(default_factory=list)
    excluded: list[Name] = field(default_factory=list)

    def of(self, kind: str) -> tuple[str, ...]:
        """The names of one kind that are asked for."""
        return tuple(dict.fromkeys(name.text for name in self.wanted if name.kind == kind))

    def without(self, kind: str) -> tuple[str, ...]:
        """The names of one kind that are left out."""
        return tuple(dict.fromkeys(name.text for name in self.excluded if name.kind == kind))


def is_plain(word: str) -> bool:
    """Whether a word has a meaning without any name: a word of the vocabulary or a number."""
    return word in VOCABULARY or word[0].isdigit() or word == "|"


def take_names(text: Text, quotes: list[str], known: Known, question: str) -> Names:
    """Find all names; `text` keeps marks in their place. Raises Ambiguous, Unknown."""
    found: list[Name] = []
    _take_quoted(text, quotes, known, found)
    _take_numbered(text, known, found)
    _take_exact(text, known, found)
    _correct(text, known)
    _take_exact(text, known, found)
    _ask_about_plain(text, known)
    _take_partly(text, known, found, question)
    _ask_about_similar(text, known, question)
    if text.has(r"than (?:in |at |of |that of )?N\d+"):
        raise Unknown("Values of one name are no bound for others; compare two of them.", ["revenue by store last month"])
    names = Names()
    while match := text.take(rf"(?:{_WITHOUT}) (?:the |in |for )?(?:{_STORE_WORD} |{_ITEM_WORD} )?({_NAMES})"):
        names.excluded += [found[int(number)] for number in re.findall(r"N(\d+)", match[1])]
    names.wanted = [found[int(number)] for number in re.findall(r"N(\d+)", text.rest)]
    return names


def _take_quoted(text: Text, quotes: list[str], known: Known, found: list[Name]) -> None:
    for number, quote in enumerate(quotes):
        exact = known.exact(folded(quote))
        if not exact:
            raise Unknown(f"There is no store or item named {quote!r}.", _replaced(f'"{quote}"', known.near(folded(quote), 60.0), ""))
        _mark(text, rf"(?:({_STORE_WORD}|{_ITEM_WORD}) )?QQ{number}", exact, found, "")


def _take_numbered(text: Text, known: Known, found: list[Name]) -> None:
    """Stores and items that are named by a number: "store 12", "stores 3 and 7"."""
    for kind, word in (("store", _STORE_WORD), ("item", _ITEM_WORD)):
        while match := re.search(
            rf"(?<![\w-])({word})(?: (?:no|number|nr))?((?: N\d+(?: and)?)*) (\d+)(?! (?:days|weeks|months)\b)(?![\w./-])", text.rest
        ):
            names = [
                name for spelled in (match[3], f"{kind} {match[3]}", f"{match[1].rstrip('s')} {match[3]}")
                for name in known.exact(spelled) if name.kind == kind
            ]  # fmt: skip
            if not names:
                if _YEAR.fullmatch(match[3]):
                    return
                raise Unknown(f"There is no {kind} {match[3]}.", _replaced(match[0], known.near(f"{kind} {match[3]}", 60.0), ""))
            found.append(names[0])
            head = f"{match[1]}{match[2]}" if re.match(r"(?: and)? \d+(?! (?:days|weeks|months))", text.rest[match.end() :]) else match[2]
            text.rest = " ".join(f"{text.rest[: match.start()]} {head} N{len(found) - 1} {text.rest[match.end() :]}".split())


def _take_exact(text: Text, known: Known, found: list[Name]) -> None:
    """Names as they are spelled, the longest first. Names of plain words only count after "item" or "store", or in quotes."""
    for length in range(known.longest, 0, -1):
        words = text.words()
        for start in range(len(words) - length + 1):
            window = words[start : start + length]
            names = known.exact(" ".join(window))
            before = words[start - 1] if start else ""
            after = words[start + length] if start + length < len(words) else ""
            noun = next((w for w in (before, after) if re.fullmatch(rf"{_STORE_WORD}|{_ITEM_WORD}", w)), "")
            if names and (not all(is_plain(word) for word in window) or before == noun != ""):
                _mark(text, re.escape(" ".join(window)), names, found, noun)
                return _take_exact(text, known, found)
    return None


def _mark(text: Text, pattern: str, names: list[Name], found: list[Name], noun: str) -> None:
    match = text.take(pattern, put=f"N{len(found)}")
    noun = noun or (match[1] if match is not None and match.re.groups else "") or ""
    kind = "store" if re.fullmatch(_STORE_WORD, noun) else "item" if re.fullmatch(_ITEM_WORD, noun) else ""
    fitting = [name for name in names if kind in ("", name.kind)] or names
    if len(fitting) > 1:
        choices = [f"{name.kind} {name.text}" for name in fitting]
        raise Ambiguous(f"{' or '.join(choices)}? Put the word item or store before the name.", choices)
    found.append(fitting[0])
    # The noun beside a name is part of it: it does not ask for a row for each store.
    mark = f"N{len(found) - 1}"
    text.rest = re.sub(rf"(?<![\w-])(?:the )?(?:store|shop|branch|outlet|item|product|article) {mark}(?!\d)", mark, text.rest)
    text.rest = re.sub(rf"{mark} (?:store|shop|branch|outlet)(?!\w)", mark, text.rest)


def _correct(text: Text, known: Known) -> None:
    words = text.words()
    for place, word in enumerate(words):
        if is_plain(word) or not word.islower() or singular(word) in known.by_word:
            continue
        meant = {one for one in (known.slip_of(word), correction(word, VOCABULARY)) if one}
        if len(meant) == 1:
            words[place] = meant.pop()
            text.corrections.append(f"{word} read as {words[place]}")
    text.rest = " ".join(words)


def _ask_about_plain(text: Text, known: Known) -> None:
    """A name such as Total or March, which is also a word: "in Total" may mean either."""
    for spelled, names in known.plain.items():
        if text.has(rf"(?:in|of|for|at|from) {re.escape(spelled)}"):
            name = names[0]
            raise Ambiguous(f"Is the {name.kind} {name.text!r} meant, or the word?", [f'{name.kind} "{name.text}"'])


def _take_partly(text: Text, known: Known, found: list[Name], question: str) -> None:
    """Parts of names, such as "coffee" for Coffee Beans, if only one name has them."""
    words = text.words()
    for length in range(min(len(words), 6), 0, -1):
        for start in range(len(words) - length + 1):
            window = words[start : start + length]
            if (
                (all(is_plain(word) for word in window) and not _is_numbered(window))
                or window[0] in STOPWORDS
                or any(not w[0].isalnum() or w[0].isupper() for w in window)
            ):
                continue
            names = known.partly(window)
            if len(names) == 1 and (names[0].kind == "item" or _is_numbered(window)):
                text.corrections.append(f"{' '.join(window)} read as {names[0].text}")
                _mark(text, re.escape(" ".join(window)), names, found, "")
                return _take_partly(text, known, found, question)
            if names:
                raise Ambiguous(f"Which one is meant by {' '.join(window)!r}?", _replaced(" ".join(window), names, question))
    return None


def _is_numbered(window: list[str]) -> bool:
    """Whether words are a part of a numbered name, such as "region 9"."""
    return len(window) == 2 and window[0] in UNSUPPORTED and window[1].isdigit()


def _ask_about_similar(text: Text, known: Known, question: str) -> None:
    words = [word for word in text.words() if not is_plain(word) and word.islower()]
    for word in words:
        near = known.near(word)
        if near and word not in UNSUPPORTED:
            raise Ambiguous(f"There is no store or item {word!r}. Is one of these meant?", _replaced(word, near, question))


def _replaced(words: str, names: list[Name], question: str) -> list[str]:
    """The question with each of these names instead of the words."""
    pattern = re.compile(r"\W+".join(re.escape(word) for word in words.split()), re.IGNORECASE)
    choices = []
    for name in names[:MOST_CHOICES]:
        asked = f'{name.kind} "{name.text}"'
        replaced = pattern.sub(lambda _, asked=asked: asked, question, count=1)  # type: ignore[misc]
        choices.append(replaced if replaced != question else name.text)
    return choices
