"""A report of mistakes as one HTML file that needs nothing else: no network, no scripts.

It knows no language: whoever makes it brings all texts. Everything is escaped here, and the file
itself forbids its browser to load or run anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from cnnviz.figures.png import data_url

MOST_CLASSES = 30  # of a matrix that can be read; beyond, only the pairs are listed
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


@dataclass(frozen=True)
class Vote:
    """One class of a vote; ``role`` is ``true``, ``called`` or empty, ``word`` says it."""

    name: str
    share: float
    number: str
    role: str = ""
    word: str = ""


@dataclass(frozen=True)
class Shown:
    """One image: ``picture`` and ``heats`` (caption, picture) are files of an image."""

    title: str
    place: str
    picture: bytes
    heats: tuple[tuple[str, bytes], ...] = ()
    votes: tuple[Vote, ...] = ()
    causes: str = ""
    note: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Reason:
    """A possible cause: how many images, in words, and a few of them."""

    title: str
    count: str
    pictures: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Report:
    """What stands in a report, from top to bottom. ``confusion`` (c, c), rows true."""

    language: str
    title: str
    lead: str
    facts: Sequence[tuple[str, str]]
    confusion_title: str
    confusion_words: str
    confusion: np.ndarray
    names: Sequence[str]
    pairs: Sequence[str]
    reasons_title: str
    reasons_words: str
    reasons: Sequence[Reason]
    shown_title: str
    shown_words: str
    shown: Sequence[Shown]
    end: str


def html(report: Report) -> str:
    """The whole file as text."""
    parts = [
        f"<header><h1>{escape(report.title)}</h1><p>{escape(report.lead)}</p></header>",
        _facts(report.facts),
        _section(report.confusion_title, report.confusion_words, _confusion(report)),
    ]
    if report.reasons_words or report.reasons:
        reasons = "".join(_reason(one) for one in report.reasons)
        body = f'<div class="reasons">{reasons}</div>'
        parts.append(_section(report.reasons_title, report.reasons_words, body))
    shown = "".join(_shown(one) for one in report.shown)
    parts.append(_section(report.shown_title, report.shown_words, shown))
    parts.append(f"<footer>{escape(report.end)}</footer>")
    return (
        f'<!doctype html><html lang="{escape(report.language)}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(report.title)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>"
    )


def _section(title: str, words: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2><p>{escape(words)}</p>{body}</section>"


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    cells = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in facts)
    return f'<dl class="facts">{cells}</dl>'


def _confusion(report: Report) -> str:
    pairs = "".join(f"<li>{escape(pair)}</li>" for pair in report.pairs)
    listed = f"<ol>{pairs}</ol>" if pairs else ""
    if len(report.names) > MOST_CLASSES:
        return listed
    counts = np.asarray(report.confusion)
    totals = np.maximum(counts.sum(axis=1), 1)
    wrong = counts * (1 - np.eye(len(counts))) / totals[:, None]
    worst = max(float(wrong.max()), 1e-9)
    head = "".join(f'<th scope="col"><span>{escape(name)}</span></th>' for name in report.names)
    rows = []
    for t, name in enumerate(report.names):
        cells = []
        for p, count in enumerate(counts[t]):
            # Square roots: one error among a thousand is still to be seen.
            share = counts[t, t] / totals[t] if t == p else (wrong[t, p] / worst) ** 0.5
            shade = f' style="--a:{0.8 * share:.2f}"' if count else ""
            kind = "right" if t == p else "wrong"
            cells.append(f'<td class="{kind}"{shade}>{int(count) or ""}</td>')
        rows.append(f'<tr><th scope="row">{escape(name)}</th>{"".join(cells)}</tr>')
    table = f"<table><thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f'<div class="wide">{table}</div>{listed}'


def _reason(reason: Reason) -> str:
    pictures = "".join(_picture(data, "") for data in reason.pictures)
    return (
        f'<article class="reason"><h3>{escape(reason.title)}</h3><p>{escape(reason.count)}</p>'
        f'<div class="row">{pictures}</div></article>'
    )


def _shown(one: Shown) -> str:
    heats = "".join(
        f"<figure>{_picture(data, caption)}<figcaption>{escape(caption)}</figcaption></figure>"
        for caption, data in one.heats
    )
    votes = "".join(
        f'<div class="vote {escape(v.role)}"><span>{escape(v.name)}'
        f"{f' <em>{escape(v.word)}</em>' if v.word else ''}</span>"
        f'<span class="bar"><i style="width:{100 * min(max(v.share, 0), 1):.1f}%"></i></span>'
        f"<span>{escape(v.number)}</span></div>"
        for v in one.votes
    )
    mark = f'<span class="mark">{escape(one.mark)}</span>' if one.mark else ""
    causes = f'<p class="small">{escape(one.causes)}</p>' if one.causes else ""
    note = f'<p class="note">{escape(one.note)}</p>' if one.note else ""
    return (
        f'<article class="shown"><h3>{escape(one.title)}{mark}</h3><div class="row">'
        f"<figure>{_picture(one.picture, one.title)}"
        f"<figcaption>{escape(one.place)}</figcaption></figure>{heats}"
        f'<div class="votes">{votes}</div></div>{causes}{note}</article>'
    )


def _picture(data: bytes, alt: str) -> str:
    kind = "image/jpeg" if data.startswith(b"\xff\xd8") else "image/png"
    return f'<img src="{data_url(data, kind)}" alt="{escape(alt)}">'


_STYLE = """
:root{color-scheme:light dark;--paper:#fff;--ink:#1c2033;--muted:#5a6078;--line:#d6d9e4;
--right:63 144 218;--wrong:189 31 1;--accent:#3f51b5}
@media (prefers-color-scheme:dark){:root{--paper:#12151f;--ink:#eef0f7;--muted:#a6abc0;
--line:#353a4d;--right:75 134 214;--wrong:255 110 90;--accent:#8b98ee}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
font:17px/1.45 "Source Sans 3","Source Sans Pro",system-ui,"PingFang SC","Microsoft YaHei",
"Noto Sans CJK SC",sans-serif}
main{max-width:64rem;margin:0 auto;padding:2rem 1.2rem}
h1{font-size:2.1rem;line-height:1.2;margin:0 0 .4rem}h2{margin:2.4rem 0 .4rem}
h3{font-size:1.05rem;margin:0 0 .5rem}p{margin:.3rem 0 .8rem;max-width:46rem}
.facts{display:flex;flex-wrap:wrap;gap:1rem 2.4rem;margin:1.4rem 0}
dt{color:var(--muted);font-size:.9rem}dd{margin:0;font-size:1.5rem;font-weight:600}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
td,th{padding:.25rem .4rem;text-align:center;min-width:2.3rem;border:1px solid var(--line)}
thead td{border:0}th{font-weight:400;font-size:.9rem}
thead th span{writing-mode:vertical-rl;transform:rotate(180deg);white-space:nowrap}
th[scope=row]{text-align:right;white-space:nowrap}
.right{background:rgb(var(--right)/var(--a,0))}.wrong{background:rgb(var(--wrong)/var(--a,0))}
.reasons{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.8rem}
.reason,.shown{border:1px solid var(--line);border-radius:8px;padding:.8rem 1rem;
break-inside:avoid}.shown{margin:.8rem 0}
.row{display:flex;flex-wrap:wrap;gap:.8rem;align-items:flex-start}
figure{margin:0;width:9rem}img{display:block;width:100%;border-radius:5px;
image-rendering:pixelated}.reason img{width:4rem}
figcaption,.small{color:var(--muted);font-size:.85rem;margin:.25rem 0 0;overflow-wrap:anywhere}
.votes{flex:1 1 16rem;min-width:14rem}
.vote{display:grid;grid-template-columns:minmax(6rem,10rem) 1fr 4rem;gap:.6rem;
align-items:center;padding:.12rem 0;overflow-wrap:anywhere}.vote em{color:var(--muted)}
.vote span:last-child{text-align:right}.bar{height:.6rem;border-radius:3px;background:var(--line)}
.bar i{display:block;height:100%;border-radius:3px;background:var(--muted)}
.called .bar i{background:rgb(var(--wrong))}.true .bar i{background:rgb(var(--right))}
.note{white-space:pre-wrap;overflow-wrap:anywhere;border-left:4px solid var(--accent);
padding-left:.8rem;margin:.7rem 0 0}
.mark{margin-left:.8rem;padding:.05rem .5rem;border-radius:4px;background:var(--accent);
color:var(--paper);font-size:.8rem}
footer{color:var(--muted);margin-top:2.4rem;padding-top:1rem;border-top:1px solid var(--line)}
@media (max-width:40rem){.row{gap:.5rem}figure{width:calc((100% - 1rem)/3)}
td,th{min-width:1.5rem;padding:.2rem .15rem;font-size:.8rem}}
@media print{:root{color-scheme:light;--paper:#fff;--ink:#000;--muted:#444;--line:#bbb;
--right:63 144 218;--wrong:189 31 1;--accent:#3f51b5}
body{font-size:11pt}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""
