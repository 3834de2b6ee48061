"""What makes two loaded models different, and whether what they need is installed.

Nothing here imports a library for models: each takes seconds.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from tertulia.agents.faults import ModelMissing

HERE = "in this process"

HOW_TO_INSTALL = (
    "run `pip install 'tertulia[transformers]'`; on a machine without a GPU install a CPU build of "
    "torch first"
)

Quantised = Literal["8bit", "4bit"]


@dataclass(frozen=True, slots=True)
class Settings:
    """One model in memory; whoever has equal settings shares it.

    ``path`` is a folder, or the id of a model that was downloaded before; nothing is fetched unless
    ``download`` says so. ``device`` is ``auto`` (cuda, else mps, else cpu) or one of torch's,
    ``dtype`` is ``auto`` (on CPU float32, else the checkpoint's) or one of torch's. ``rows``
    answers are written at once at most, ``waiting`` more may wait; each has ``context_tokens`` for
    prompt and answer, or what the model can, if that is less. ``kept_tokens`` of what was read are
    kept for the next turns. ``threads`` are torch's, for all of the process; None leaves them.
    """

    path: str
    device: str = "auto"
    dtype: str = "auto"
    quantise: Quantised | None = None
    rows: int = 8
    waiting: int = 1_000
    context_tokens: int = 4_096
    kept_tokens: int = 8_192
    chunk_tokens: int = 256
    threads: int | None = None
    download: bool = False
    chat_template: str | None = None

    @property
    def name(self) -> str:
        """What the model is called."""
        return Path(self.path).name if Path(self.path).is_dir() else self.path

    def missing(self, what: str, hint: str) -> ModelMissing:
        """Make the error that says what is not there."""
        return ModelMissing(what, model=self.name, where=HERE, hint=hint)

    def check(self, adapter: str | None = None) -> None:
        """Raise ``ModelMissing`` at once for what can be seen not to be there without loading."""
        packages = {"torch", "transformers", "accelerate"}
        packages |= {"peft"} if adapter else set()
        for package in sorted(packages):
            if find_spec(package) is None:
                raise self.missing(f"the package {package} is not installed", HOW_TO_INSTALL)
        if self.quantise and find_spec("bitsandbytes") is None:
            raise self.missing(
                "the package bitsandbytes, which quantises, is not installed",
                "run `pip install 'tertulia[quantised]'`, or leave `quantise` out",
            )
        for path, file in ((self.path, "config.json"), (adapter or "", "adapter_config.json")):
            folder = Path(path).expanduser()
            looks_local = path.startswith((".", "/", "~")) or folder.is_dir()
            if path and looks_local and not (folder / file).is_file():
                hint = "correct the path; a model is a folder as `save_pretrained` writes it"
                raise self.missing(f"there is no {file} in {path}", hint)
