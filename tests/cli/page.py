# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The sessions on the page about the command line: what is typed there, and what is printed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.recording import Session

_BLOCK = re.compile(r"^```(console|text)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_PROMPT = "$ "
_AT_A_TERMINAL = "spanner-lro wait nightly orders reports"
_PART = 3
"""The frame that is shown between the first and the last: that of a third of the polls."""


def replayed(page: str, session: Session) -> str:
    """Return the page with what its commands print now."""
    frames: Iterator[str] = iter(())

    def replay(block: re.Match[str]) -> str:
        nonlocal frames
        form, text = block.groups()
        if form == "text":
            return f"```text\n{next(frames)}\n```"
        lines = []
        for line in text.splitlines():
            if not line.startswith(_PROMPT):
                continue
            lines.append(line)
            command = line.removeprefix(_PROMPT)
            if command.startswith(_AT_A_TERMINAL):
                shown = session.frames(command)
                frames = iter([shown[len(shown) // _PART], shown[-1]])
                lines.append(shown[0])
            else:
                lines += session.run(command)
        return "```console\n" + "\n".join(lines) + "\n```"

    return _BLOCK.sub(replay, page)
