#!/usr/bin/env python3
# Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
"""Checks the project's text for what no compiler says. Part of `./dev check`.

The coroutine checks are heuristics for bugs of g++ 12 that compile silently and crash. Where one is
wrong, write `g++12: fine` and the reason in a comment on the reported line; an example of what not
to do says `crashes on g++ 12`.
"""

import pathlib
import re
import subprocess
import sys

MOST_LINES = 500
SOURCES = (".hpp", ".cpp")
SCRIPTS = (".py", ".sh")
COROUTINE_FOLDERS = ("examples/", "docs/", "test/")
MARKERS = ("g++12: fine", "crashes on g++ 12")


def project_files():
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate"],
        check=True, stdout=subprocess.PIPE, text=True).stdout
    return [path for path in map(pathlib.Path, listing.splitlines()) if path.is_file()]


# --- plain text -----------------------------------------------------------------------------------

# Places where people keep their checkouts: a path there works on one machine only.
# After `+ "` it is the end of a longer one, such as "/proc/PID/root/...".
MACHINE_PATH = re.compile(r"(?<![\w.$}-])(?<!\+ \")/(root|home|work|Users|mnt)/[\w.]")
UNFINISHED = re.compile(r"\b(TO[D]O|FIX[M]E|X[X]X)\b")


def check_text(path, text, report):
    lines = text.splitlines()
    own = path == pathlib.Path("test/support/check_sources.py")
    for number, line in enumerate(lines, 1):
        if MACHINE_PATH.search(line) and not own:
            report(path, number, "a path of somebody's machine")
        if UNFINISHED.search(line):
            report(path, number, "marked as unfinished")
    code = path.suffix in SOURCES
    if (code or path.suffix in SCRIPTS) and not any("Copyright the glovebox authors" in line
                                                    for line in lines[:2]):
        report(path, 1, "no copyright line")
    precompiled = path.parent.name == "precompiled"  # compiled on its own, where it would be warned of
    if path.suffix == ".hpp" and not precompiled and "#pragma once" not in lines:
        report(path, 1, "no #pragma once")
    if code and len(lines) > MOST_LINES:
        report(path, MOST_LINES, f"{len(lines)} lines; over {MOST_LINES} it is two files")


# --- coroutines under g++ 12 ----------------------------------------------------------------------

TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^(\s]*)\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'", re.S)


def blank(text):
    """The code without comments, and with literals emptied; every offset stays where it was."""
    def replace(match):
        token = match.group()
        filler = re.sub(r"[^\n]", " ", token)
        if token.startswith("/"):
            return filler
        return '"' + filler[1:-1] + '"' if token[0] in '"R' else filler
    return TOKEN.sub(replace, text)


def code_of_markdown(text):
    """Only the C++ blocks, each line where it was."""
    lines, inside = [], False
    for line in text.split("\n"):
        if line.lstrip().startswith("```"):
            inside = not inside and re.match(r"\s*```\s*(cpp|c\+\+)\b", line) is not None
            line = ""
        lines.append(line if inside else "")
    return "\n".join(lines)


OPENING, CLOSING = "([{", ")]}"


def extent(code, start, stop_at=""):
    """End of the expression at `start`: a separator or closing bracket that is not its own."""
    depth = 0
    for position in range(start, len(code)):
        character = code[position]
        if character in OPENING:
            depth += 1
        elif character in CLOSING:
            depth -= 1
            if depth < 0:
                return position
        elif depth == 0 and character in stop_at:
            return position
    return len(code)


def split(code, start, end, separator):
    """[(start, end)] of the parts between separators outside brackets."""
    parts, position = [], start
    while position <= end:
        part_end = min(extent(code, position, separator), end)
        parts.append((position, part_end))
        position = part_end + 1
    return parts


def groups(code, start, end):
    """The range, and each one in round brackets inside it."""
    yield start, end
    for match in re.compile(r"\(").finditer(code, start, end):
        yield match.end(), extent(code, match.end())


def short_circuits(code):
    """Offsets of `co_await` under && or || directly in a condition: compiles, then crashes."""
    for match in re.finditer(r"\b(if|while|for)\s*(?:constexpr\s*)?\(", code):
        parts = split(code, match.end(), extent(code, match.end()), ";")
        if match.group(1) == "for":
            if len(parts) < 2:
                continue  # a range
            condition = parts[1]
        else:
            condition = parts[-1]
        for start, end in groups(code, *condition):
            direct, position = "", start
            while position < end:
                if code[position] in OPENING:
                    position = extent(code, position + 1)
                else:
                    direct += code[position]
                position += 1
            if re.search(r"&&|\|\|", direct) and re.search(r"\bco_await\b", code[start:end]):
                yield match.start()
                break


CONTAINER = re.compile(
    r"\b(vector|map|set|multimap|multiset|unordered_map|unordered_set|list|deque|array)\s*"
    r"(<[^;{}]*>)?\s*\{\s*[^\s}]")
OWNING_CAPTURE = re.compile(r"(?<![\w\])\[])\[\s*(=|[^\[\]]*\w\s*=)")
AGGREGATE = re.compile(r"(?P<type>[\w:]+(?:<[^;{}()]*>)?)?\s*\{")
OWNING_VALUE = re.compile(r'"|\bstd::(string|vector|move|make_unique|make_shared)\b')


LAMBDA = re.compile(r"(?<![\w\])])\[[^\[\]]*\]\s*(?:\([^()]*\))?[^;{}()]*\{")


def without_lambda_bodies(expression):
    """A lambda's body is a function of its own; it is blanked."""
    position = 0
    while match := LAMBDA.search(expression, position):
        end = extent(expression, match.end())
        blanks = re.sub(r"[^\n]", " ", expression[match.end():end])
        expression = expression[:match.end()] + blanks + expression[end:]
        position = match.end()
    return expression


def doubly_destroyed(code):
    """(offset, message) of temporaries in a `co_await` expression that g++ 12 destroys twice."""
    for await_match in re.finditer(r"\bco_await\b", code):
        start = await_match.end()
        expression = without_lambda_bodies(code[start:extent(code, start, ";")])
        for match in CONTAINER.finditer(expression):
            yield start + match.start(), "a container in braces inside co_await: name it first"
        for match in OWNING_CAPTURE.finditer(expression):
            yield start + match.start(), "a lambda that owns something inside co_await: name it first"
        for match in AGGREGATE.finditer(expression):
            name = match.group("type") or ""
            before = expression[:match.start()].rstrip()[-1:]
            inside = expression[match.end():extent(expression, match.end())]
            designated = re.match(r"\s*\.\w+\s*=", inside) is not None
            # Classes of std have constructors.
            if not designated and (not name or name.startswith("std::") or before == ")"):
                continue
            if OWNING_VALUE.search(inside):
                yield start + match.start(), "an aggregate that owns something: name it first"


def check_coroutines(path, text, report):
    code = blank(code_of_markdown(text) if path.suffix == ".md" else text)
    lines = text.split("\n")

    def at(offset, message):
        line = code.count("\n", 0, offset) + 1
        if not any(marker in lines[line - 1] for marker in MARKERS):
            report(path, line, f"g++ 12: {message}")

    for offset in short_circuits(code):
        at(offset, "co_await under && or || in a condition: put it into a variable first")
    for offset, message in doubly_destroyed(code):
        at(offset, message)


def main():
    findings = set()

    def report(path, line, message):
        findings.add((str(path), line, message))

    for path in project_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # data, not text
        check_text(path, text, report)
        if path.suffix in SOURCES + (".md",) and (
                str(path).startswith(COROUTINE_FOLDERS) or str(path) == "README.md"):
            check_coroutines(path, text, report)
    for path, line, message in sorted(findings):
        print(f"{path}:{line}: {message}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
