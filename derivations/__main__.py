"""Run every numbered derivation, two at a time: ``python -m derivations [WORD ...]`` (only names with a word).

One alone, with all its steps in print: ``python derivations/03_kac_rice.py``.

Prints one line per file; the exit code is 1 if any of them failed, and then its output is shown.
"""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent


def run(script: Path) -> tuple[Path, int, float, str]:
    """Execute one derivation in a process of its own: a derivation may not lean on what another left behind."""
    began = time.perf_counter()
    command = [sys.executable, "-W", "error", str(script)]
    done = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return script, done.returncode, time.perf_counter() - began, done.stdout + done.stderr


def main(words: list[str]) -> int:
    """Run the derivations whose names contain one of ``words`` (all, without words); return the exit code."""
    scripts = sorted(HERE.glob("[0-9]*.py"))
    chosen = [s for s in scripts if not words or any(word in s.name for word in words)]
    failures = 0
    with ThreadPoolExecutor(2) as pool:
        for script, code, seconds, output in pool.map(run, chosen):
            print(f"{'ok    ' if code == 0 else 'FAILED'} {seconds:6.1f} s  {script.name}", flush=True)
            if code != 0:
                failures += 1
                print(output)
    print(f"{len(chosen)} derivations, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
