"""What is asked for the goldens: cases written for this purpose, and questions of real data."""

import json
from pathlib import Path
from typing import Any, NamedTuple

SHORT = "Vera built the red boat in Lisbon in 1987, and her brother Tom sold it to a museum."
LONG = " ".join(
    f"On day {day} the crew of the {ship} measured {depth} metres of water near {place}, "
    f"and {name} wrote it into the log before the wind turned {wind}."
    for day, (ship, place, name, wind, depth) in enumerate(
        (
            (
                ("Albatross", "Petrel", "Heron")[n % 3],
                ("Cape Verde", "the Azores", "Madeira", "Tenerife", "Ushant")[n % 5],
                ("Ines", "Joao", "Marta", "Rui", "Sofia", "Paulo", "Beatriz")[n % 7],
                ("north", "south", "east", "west")[n % 4],
                37 * n % 911 + 12,
            )
            for n in range(24)
        ),
        start=1,
    )
)
REPEATED = (
    "Paris lies on the Seine. PARIS was smaller then. Many say paris is lovely; Paris, they say. "
) * 12
ACCENTS = (
    "Das Caf\xe9 M\xfcller, gegr\xfcndet 1923 von Ren\xe9e \xd8rsted, serviert cr\xe8me "
    "br\xfbl\xe9e f\xfcr 7,50\xa0\u20ac \u2013 \u201enur sonntags\u201c. Pre\u0301fecture."
)
CHINESE = "北京是中华人民共和国的首都，人口超过两千万。上海位于长江口，是最大的城市。"  # noqa: RUF001
JAPANESE = "東京タワーは1958年に完成した。高さは333メートルで、観光客が多い。"
EMOJI = (
    "The \U0001f680 launched at 09:15 \u2014 \U0001f468\u200d\U0001f469\u200d\U0001f467 watched "
    "it from Ko\u0301\u015bice's x\u00b2-tower."
)
ODD = (
    "unbelievably  spaced\tout\ntext;e.g.U.S.A. [SEP] [MASK] \x07control\u200b zero-width "
    "antidisestablishmentarianism"
)
WHEN = "When did it happen?"


class Case(NamedTuple):
    """A question, a context, and options under the names of the pipeline."""

    name: str
    question: str
    context: str
    options: dict[str, Any]


def _written() -> list[Case]:
    windows = {"max_seq_len": 64, "doc_stride": 16}
    texts = {
        "short": ("Who built the boat?", SHORT),
        "long": ("What did Marta write on day 17?", LONG),
        "repeated": ("Which city is it?", REPEATED),
        "accents": ("Was kostet die cr\xe8me br\xfbl\xe9e?", ACCENTS),
        "chinese": ("中国的首都是哪里？", CHINESE),  # noqa: RUF001
        "japanese": ("高さは?", JAPANESE),
        "emoji": ("What launched \U0001f680?", EMOJI),
        "odd": ("What is spaced?", ODD),
        "one word": (WHEN, "Yesterday"),
        "one character": (WHEN, "5"),
        "spaces only": (WHEN, "  \t "),
        "unknown signs": (WHEN, "\u0b95\u0bcd\u0bb7 \u16a0\u16a1 1066"),
        "question of spaces": (" ", SHORT),
        "long word": (WHEN, f"In {'ab' * 80} or in May."),
        "long question": (" ".join(f"and what about number {n}" for n in range(30)), SHORT),
    }
    settings: dict[str, dict[str, Any]] = {
        "plain": {},
        "top 4": {"top_k": 4},
        "no answer": {"handle_impossible_answer": True, "top_k": 3},
        "no answer, one": {"handle_impossible_answer": True},
        "tokens": {"align_to_words": False, "top_k": 3},
    }
    found = [
        Case(f"{text}; {setting}", *texts[text], settings[setting])
        for text in texts
        for setting in settings
    ]
    for name in ("long", "repeated", "chinese", "accents", "odd"):
        changes: dict[str, dict[str, Any]] = {
            "windows": {},
            "windows, top 5": {"top_k": 5},
            "windows, no answer": {"handle_impossible_answer": True, "top_k": 2},
            "windows, stride 0": {"doc_stride": 0, "top_k": 2},
            "windows, stride 40": {"doc_stride": 40, "top_k": 2},
            "windows, default stride": {"doc_stride": None, "max_seq_len": 100, "top_k": 2},
            "windows, tokens": {"align_to_words": False, "top_k": 2},
        }
        for label, options in changes.items():
            merged = {
                key: value for key, value in {**windows, **options}.items() if value is not None
            }
            found.append(Case(f"{name}; {label}", *texts[name], merged))
    for length in (1, 2, 5, 40, 400):
        for name in ("short", "accents", "chinese"):
            options = {"max_answer_len": length, "top_k": 2}
            found.append(Case(f"{name}; at most {length}", *texts[name], options))
    found.append(Case("short; top 50", *texts["short"], {"top_k": 50}))
    found.append(Case("long; max 512", *texts["long"], {"max_seq_len": 512, "doc_stride": 200}))
    return found


WRITTEN = _written()

# What the real questions are asked with, in turn.
TURNS: tuple[dict[str, Any], ...] = (
    {},
    {"top_k": 3},
    {"handle_impossible_answer": True},
    {"handle_impossible_answer": True, "top_k": 2, "max_answer_len": 30},
    {"max_seq_len": 96, "doc_stride": 32, "top_k": 2},
    {"max_seq_len": 128, "doc_stride": 48, "handle_impossible_answer": True},
)


REAL = 500  # real questions that there are answers for
SHORT_ENOUGH = 700  # characters of most of their contexts: the suite has a minute, not ten


def real_cases(data: Path, count: int = REAL) -> list[Case]:
    """Some of REAL questions spread over both SQuAD files, four of five from the larger one."""
    of_files = []
    for name, share in (("cs224n-dev-v2.0.json", 4), ("xquad.en.json", 1)):
        questions = [
            item
            for n, item in enumerate(squad(data, name))
            if n % 10 == 0 or len(item["context"]) <= SHORT_ENOUGH
        ]
        wanted = REAL * share // 5
        of_files += [questions[n * len(questions) // wanted] for n in range(wanted)]
    found = [
        Case(item["id"], item["question"], item["context"], TURNS[n % len(TURNS)])
        for n, item in enumerate(of_files)
    ]
    step = REAL // count
    if step < len(TURNS):
        return found[:count]
    return [found[step * n + n % len(TURNS)] for n in range(count)]  # every turn comes up


def squad(data: Path, name: str) -> list[dict[str, Any]]:
    """Question, context, id, first answer's text and start (if any) of each question."""
    content = json.loads((data / "squad" / name).read_text("utf-8"))
    return [
        {
            "id": asked["id"],
            "question": asked["question"],
            "context": paragraph["context"],
            **(
                {"text": asked["answers"][0]["text"], "start": asked["answers"][0]["answer_start"]}
                if asked["answers"]
                else {}
            ),
        }
        for article in content["data"]
        for paragraph in article["paragraphs"]
        for asked in paragraph["qas"]
    ]
