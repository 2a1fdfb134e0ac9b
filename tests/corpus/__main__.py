"""``python -m tests.corpus``: every hostile or odd file, each with its outcome, as a table.

Each kind is looked at in a process of its own, twice: the first time for the outcomes (and to fill
what libraries keep), the second time to see that memory returns to where it was. An audit hook
notes every file that is written, made, moved or removed outside that process's own folder.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cnnviz.machine import resident_bytes
from tests.corpus import judging

MORE_MB = 64  # that a second look at the whole kind may leave behind
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
# Events of what changes a name: where in their arguments are names, and the folders (open ones, -1
# for none) that these are relative to.
_CHANGES = {
    "os.rename": ((0, 2), (1, 3)),
    "os.remove": ((0, 1),),
    "os.mkdir": ((0, 2),),
    "os.rmdir": ((0, 1),),
    "os.link": ((1, 3),),
    "os.symlink": ((1, 2),),  # where it points is read only
    "os.chmod": ((0, 2),),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.corpus")
    parser.add_argument("kinds", nargs="*", choices=[[], *judging.KINDS], default=[])
    parser.add_argument("--record", action="store_true", help="write outcomes.json anew")
    parser.add_argument("--within", help=argparse.SUPPRESS)
    given = parser.parse_args()
    kinds = given.kinds or judging.KINDS
    if given.within:
        print(json.dumps(_look(kinds[0], Path(given.within), given.record)))
        return 0
    results = {kind: _in_a_process(kind, given.record) for kind in kinds}
    if given.record:
        kept = {k: v["outcomes"] for k, v in results.items()}
        known = judging.OUTCOMES
        old = json.loads(known.read_text(encoding="utf-8")) if known.exists() else {}
        text = json.dumps({**old, **kept}, indent=1, ensure_ascii=False, sort_keys=True)
        known.write_text(text + "\n", encoding="utf-8")
        return 0
    return _table(results)


def _table(results: dict[str, dict]) -> int:
    print(
        f"{'':8}{'files':>6}{'bar':>6}{'came through':>14}{'refused':>9}{'wrong':>7}"
        f"{'slowest':>10}{'memory MB: before':>20}{'after':>7}{'peak':>7}{'strays':>8}"
    )
    good = True
    for kind, r in results.items():
        print(
            f"{kind:8}{r['files']:6}{judging.BARS[kind]:6}{r['through']:14}{r['refused']:9}"
            f"{len(r['wrong']):7}{r['slowest']:8.2f} s{r['before'] >> 20:20}{r['after'] >> 20:7}"
            f"{r['peak'] >> 20:7}{len(r['strays']):8}"
        )
        more = (r["after"] - r["before"]) / 2**20
        good &= r["files"] >= judging.BARS[kind] and not r["wrong"] and not r["strays"]
        good &= more <= MORE_MB
        if more > MORE_MB:
            print(f"  memory: {more:.0f} MB more after the second look (at most {MORE_MB})")
        for name, text in r["wrong"].items():
            print(f"  {name}: {text}")
        for stray in r["strays"]:
            print(f"  written outside its folder: {stray}")
    total = sum(r["files"] for r in results.values())
    print(f"{total} files; {'all as expected' if good else 'NOT as expected'}")
    return 0 if good else 1


def _in_a_process(kind: str, record: bool) -> dict:
    with tempfile.TemporaryDirectory(prefix="corpus-") as folder:
        for name in ("home", "tmp"):
            Path(folder, name).mkdir()
        canary = Path(folder, "canary")
        canary.write_text("untouched", encoding="utf-8")
        command = [sys.executable, "-m", "tests.corpus", kind, "--within", folder]
        done = subprocess.run(
            [*command, *(["--record"] if record else [])],
            stdout=subprocess.PIPE,
            env={
                **os.environ,
                "CNNVIZ_HOME": f"{folder}/home",
                "KERAS_HOME": f"{folder}/tmp",
                "TMPDIR": f"{folder}/tmp",
                "PYTHONDONTWRITEBYTECODE": "1",
                "TF_CPP_MIN_LOG_LEVEL": "3",
                "CUDA_VISIBLE_DEVICES": "-1",
            },
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{kind}: the process ended with {done.returncode}")
        result = json.loads(done.stdout.splitlines()[-1])
        left = sorted(str(p.relative_to(folder)) for p in Path(folder).rglob("*") if p.is_file())
        allowed = ("canary", "tmp/keras.json", "tmp/.keras/keras.json")
        result["strays"] += [f"left behind: {p}" for p in left if p not in allowed]
        if canary.read_text(encoding="utf-8") != "untouched":
            result["strays"].append("the canary was changed")
    return result


def _look(kind: str, folder: Path, record: bool) -> dict:
    files = list(judging.files(kind))
    if kind == "models":
        import keras  # noqa: F401 - what it writes when it starts is none of the files' doing
    strays: list[str] = []
    _watch(folder, strays)
    wrong, outcomes, slowest, through = {}, {}, 0.0, 0
    if len({name for name, *_ in files}) < len(files):
        wrong["names"] = "two files have the same name"
    for name, data, expected in files:
        start = time.perf_counter()
        try:
            if record and expected == judging.EITHER:
                outcomes[name] = judging.in_a_line(*judging.outcome(kind, data))
            elif text := judging.complaint(kind, name, data, expected):
                wrong[name] = text
        except Exception as error:
            wrong[name] = f"{type(error).__name__}: {str(error)[:200]}"
        slowest = max(slowest, time.perf_counter() - start)
    before = peak = _settled()
    for _name, data, _expected in [] if record else files:
        try:
            through += judging.outcome(kind, data)[1] is None
        except Exception:
            through += 0  # named above
        peak = max(peak, resident_bytes())
    if record and wrong:
        print(json.dumps(wrong, indent=1, ensure_ascii=False), file=sys.stderr)
    return {
        "files": len(files),
        "through": through,
        "refused": len(files) - through,
        "wrong": wrong,
        "outcomes": outcomes,
        "slowest": slowest,
        "before": before,
        "after": _settled(),
        "peak": peak,
        "strays": strays,
    }


def _settled() -> int:
    """Resident bytes when everything that can be given back was given back."""
    gc.collect()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
    return resident_bytes()


def _from(folder: int, name: str | bytes | os.PathLike | int) -> str:
    """A name as seen from an open folder (shutil.rmtree works with these)."""
    if isinstance(name, int):
        return str(Path(f"/proc/self/fd/{name}").readlink())
    path = Path(os.fsdecode(name))
    return str(path if folder == -1 else Path(f"/proc/self/fd/{folder}").readlink() / path)


def _watch(folder: Path, strays: list[str]) -> None:
    """Note whatever Python code changes outside ``home`` and ``tmp`` of that folder."""
    own = tuple(os.path.realpath(folder / name) + os.sep for name in ("home", "tmp"))

    def hook(event: str, given: tuple) -> None:
        if event == "open":
            path, mode, flags = given
            writes = (isinstance(mode, str) and set(mode) & set("wax+")) or (
                isinstance(flags, int) and flags & _WRITING
            )
            if not writes or isinstance(path, int):
                return
            paths = [path]
        elif event in _CHANGES:
            paths = [_from(given[folder], given[name]) for name, folder in _CHANGES[event]]
        else:
            return
        for path in paths:
            name = Path(os.fsdecode(path))
            there = os.path.realpath(name.parent) + os.sep + name.name + os.sep
            if not there.startswith(own) and os.fsdecode(path) != os.devnull:
                strays.append(f"{event} {os.fsdecode(path)[:120]}")

    sys.addaudithook(hook)


if __name__ == "__main__":
    sys.exit(main())
