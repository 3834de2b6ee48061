"""Loads a model of Hugging Face's with its tokenizer and adapters: the one place that reads files.

Imported on the worker's thread only, because torch takes seconds. Nothing is downloaded unless the
settings say so, and no code of a model's is ever run.
"""

import logging
import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # spinning threads starve busy machines

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig
from transformers.utils import logging as hf_logging

from tertulia.agents.faults import ModelFailed, ModelRefused
from tertulia.agents.local.settings import HERE, Settings

BASE = "__base__"
"""What peft calls a row that goes without an adapter."""

ATTENTION = ("full_attention", "sliding_attention")
"""The kinds of layer whose keys can be kept row by row."""


@dataclass(slots=True)
class Loaded:
    """A model ready to run: ``context`` tokens at most; ``ends`` are what ends answers."""

    settings: Settings
    model: Any
    tokenizer: Any
    device: Any
    context: int
    ends: frozenset[int]
    adapters: dict[str, str] = field(default_factory=dict)

    def adapter(self, path: str) -> str:
        """Get peft's name for an adapter, which is loaded if it is new. Raises ``ModelFailed``."""
        if not path:
            return BASE
        if path not in self.adapters:
            self.adapters[path] = self._load(path, f"adapter{len(self.adapters)}")
        return self.adapters[path]

    def _load(self, path: str, name: str) -> str:
        from peft import PeftConfig, PeftModel

        folder = _folder(path, self.settings, "adapter_config.json")
        with _reading(self.settings, f"the adapter {path}"), torch.inference_mode(False):
            kind = PeftConfig.from_pretrained(folder)
            if str(getattr(kind.peft_type, "value", kind.peft_type)) != "LORA":
                raise self._unfit(path, f"is {kind.peft_type}, and only LoRA can share a batch")
            if isinstance(self.model, PeftModel):
                self.model.load_adapter(folder, adapter_name=name, is_trainable=False)
            else:
                self.model = PeftModel.from_pretrained(self.model, folder, adapter_name=name)
        self.model.eval()
        return name

    def _unfit(self, path: str, what: str) -> ModelRefused:
        hint = "train a LoRA adapter for this base model"
        return ModelRefused(
            f"the adapter {path} {what}", model=self.settings.name, where=HERE, hint=hint
        )


def load(settings: Settings) -> Loaded:
    """Load what the settings name. Raises ``ModelMissing`` and ``ModelRefused``."""
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    folder = _folder(settings.path, settings, "config.json")
    device = chosen_device(settings)
    with _reading(settings, "the model"), _without_bars():
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        context = _context(config, settings)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModelForCausalLM.from_pretrained(
            folder,
            local_files_only=True,
            dtype=_dtype(settings, device),
            device_map={"": device},
            attn_implementation="sdpa",
            **_quantised(settings, device),
        )
    if settings.chat_template is not None:
        tokenizer.chat_template = settings.chat_template
    model.eval()
    return Loaded(settings, model, tokenizer, device, context, _ends(model, tokenizer))


def chosen_device(settings: Settings) -> Any:
    """Find the device, the best one for ``auto``. Raises ``ModelRefused`` for one not there."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if settings.device == "auto":
        return torch.device(next((name for name in ("cuda", "mps") if there[name]), "cpu"))
    try:
        device = torch.device(settings.device)
    except RuntimeError:
        raise _refused(settings, "is no device", "say auto, cuda, cuda:1, mps or cpu") from None
    if not there.get(device.type, True) or (
        device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count()
    ):
        raise _refused(settings, "is not on this machine", "say device='auto'")
    return device


def _refused(settings: Settings, what: str, hint: str) -> ModelRefused:
    return ModelRefused(f"{settings.device!r} {what}", model=settings.name, where=HERE, hint=hint)


def _folder(path: str, settings: Settings, file: str) -> str:
    """Find the folder of a path, or of an id that was downloaded before or may be now."""
    here = Path(path).expanduser()
    if here.is_dir():
        if (here / file).is_file():
            return str(here)
        raise settings.missing(f"there is no {file} in {path}", "name the folder that has it")
    try:
        return str(snapshot_download(path, local_files_only=not settings.download))
    except (OSError, ValueError) as error:
        raise settings.missing(
            f"{path} is no folder here, and was not downloaded before",
            "name a folder, or allow the download once with `download=True`",
        ) from error


def _context(config: Any, settings: Settings) -> int:
    """How many tokens fit. Raises ``ModelRefused`` for layers whose state is no list of keys."""
    text = config.get_text_config()
    kinds = set(getattr(text, "layer_types", None) or ("full_attention",))
    if strange := sorted(kinds - set(ATTENTION)):
        raise ModelRefused(
            f"the model has layers of the kind {', '.join(strange)}",
            model=settings.name,
            where=HERE,
            hint="models whose layers all attend can be batched here; serve this one with vLLM",
        )
    most = [settings.context_tokens, getattr(text, "max_position_embeddings", None)]
    slides = "sliding_attention" in kinds or not getattr(text, "layer_types", None)
    if slides and getattr(text, "use_sliding_window", True):
        most.append(getattr(text, "sliding_window", None))
    return min(tokens for tokens in most if tokens)


def _dtype(settings: Settings, device: Any) -> Any:
    if settings.dtype != "auto":
        dtype = getattr(torch, settings.dtype, None)
        if not isinstance(dtype, torch.dtype):
            raise ModelRefused(
                f"{settings.dtype!r} is no dtype",
                model=settings.name,
                where=HERE,
                hint="say auto, float32, bfloat16 or float16",
            )
        return dtype
    return {"cpu": torch.float32, "mps": torch.float16}.get(device.type, "auto")


def _quantised(settings: Settings, device: Any) -> dict[str, Any]:
    if settings.quantise is None:
        return {}
    if device.type == "mps":
        raise ModelRefused(
            f"the device mps has no kernels for {settings.quantise} weights",
            model=settings.name,
            where=HERE,
            hint="leave `quantise` out, or say device='cpu'",
        )
    if settings.quantise == "8bit":
        # It tells at every pass of every layer that it computes in half precision.
        logging.getLogger("bitsandbytes.autograd._functions").setLevel(logging.ERROR)
        return {"quantization_config": BitsAndBytesConfig(load_in_8bit=True)}
    compute = torch.bfloat16 if device.type == "cuda" else torch.float32
    return {
        "quantization_config": BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=compute
        )
    }


def _ends(model: Any, tokenizer: Any) -> frozenset[int]:
    told = model.generation_config.eos_token_id
    ends = {told} if isinstance(told, int) else set(told or ())
    return frozenset(ends | {tokenizer.eos_token_id} - {None})


@contextmanager
def _reading(settings: Settings, what: str) -> Iterator[None]:
    """Say which file is bad, in our words; what it did to the memory is said as it is."""
    try:
        yield
    except (ModelFailed, MemoryError, torch.OutOfMemoryError):
        raise
    except (OSError, ValueError, RuntimeError, KeyError, ImportError) as error:
        raise ModelRefused(
            f"{what} cannot be loaded: {str(error).strip().splitlines()[0][:300]}",
            model=settings.name,
            where=HERE,
            hint="see whether its files are whole and its kind is one that transformers knows",
        ) from error


@contextmanager
def _without_bars() -> Iterator[None]:
    """Load without drawing on the terminal."""
    shown = hf_logging.is_progress_bar_enabled()
    hf_logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            hf_logging.enable_progress_bar()
