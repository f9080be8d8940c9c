"""Where documented commands run: an empty folder with `data`, `schemas`, `notebooks` and `dataset-demo` in it, and a home."""

import os
import pathlib
import re
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Places that examples write completion scripts to.
HOME_FOLDERS = [".local/share/bash-completion/completions", ".zfunc", ".config/fish/completions"]


class Scene:
    """A folder for the commands of one document, which may build on each other."""

    def __init__(self, programs, dataset):
        self.folder = tempfile.TemporaryDirectory()
        here = pathlib.Path(self.folder.name)
        for name in ("data", "schemas", "notebooks"):
            (here / name).symlink_to(ROOT / name)
        (here / "dataset-demo").symlink_to(pathlib.Path(dataset).resolve())
        for name in HOME_FOLDERS:
            (here / "home" / name).mkdir(parents=True)
        path = ":".join([*(str(pathlib.Path(folder).resolve()) for folder in programs), os.environ["PATH"]])
        # Without COLUMNS and a terminal the width of --help is that of clap: 100.
        kept = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "CARGO_TARGET_DIR")}
        self.environment = {**kept, "PATH": path, "HOME": str(here / "home")}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def run(self, command):
        """Exit code and what a terminal would show: stdout and stderr together."""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder.name,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return done.returncode, done.stdout.decode()


def commands_of(programs, program):
    """Names of the commands that a program's --help lists, but for help itself."""
    shown = subprocess.run([str(pathlib.Path(programs) / program), "--help"], capture_output=True, check=True).stdout.decode()
    listed = shown.split("\nCommands:\n")[1].split("\n\n")[0]
    return [name for name in re.findall(r"^  ([a-z]\S*)", listed, re.MULTILINE) if name != "help"]
