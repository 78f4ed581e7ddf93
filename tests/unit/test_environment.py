# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual environments of the project are made once, also where tests of several processes want one at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
_ASK = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import environment
environment.FOLDER = Path(sys.argv[2])
environment.environments = lambda: {"tiny": environment.Environment(("3.11", "3.13"), ("pip",))}
print(environment.python_of("tiny"))
"""


def test_of_two_processes_one_makes_the_environment_and_the_other_waits(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _ASK, str(SCRIPTS), str(tmp_path / "new" / "venvs")]
    (tmp_path / "new").mkdir()
    asking = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [process.communicate(timeout=120) for process in asking]
    assert [process.returncode for process in asking] == [0, 0], answers
    assert sum(stderr.count("Making the environment tiny") for _, stderr in answers) == 1
    (python,) = {stdout.strip() for stdout, _ in answers}
    assert subprocess.run([python, "-c", "import pip"], check=False).returncode == 0
