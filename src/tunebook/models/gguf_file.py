"""A language model as one GGUF file, which llama.cpp and what is built on it read, and such a file back as a model.

Written are models of the kinds llama, mistral and qwen2 as transformers has them, with byte-level tokenizers or pieces
with bytes. The form is that of the specification of GGUF (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import redirect_stderr
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tunebook.core.errors import MachineError, ModelError
from tunebook.models.gguf_tokens import add_tokens

KINDS = ("f16", "bf16", "f32")
_ARCHITECTURES: Mapping[str, str] = MappingProxyType({"llama": "llama", "mistral": "llama", "qwen2": "qwen2"})
_NEEDS = {"hidden_act": "silu", "mlp_bias": False, "attention_bias": False, "use_sliding_window": False}


def write_gguf(folder: Path, file: Path, kind: str = "f16") -> None:
    """Write the model of a folder, weights and tokenizer and chat template, as a GGUF file.

    Args:
        kind: one of KINDS: how matrices are kept; vectors are always f32.

    Raises:
        MachineError: `machine.extra`: the package `gguf` is not installed.
        ModelError: `gguf.kind`, `gguf.model`, `gguf.tokenizer`: what cannot be written.
    """
    check_gguf(folder, kind)
    import gguf
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(str(folder), dtype=torch.float32, trust_remote_code=False)
    tokenizer = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
    architecture = _ARCHITECTURES[model.config.model_type]
    writer = gguf.GGUFWriter(str(file), architecture)
    _add_sizes(writer, model.config, folder.name, kind)
    add_tokens(writer, tokenizer, int(model.config.vocab_size))
    _add_weights(writer, model, architecture, kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def check_gguf(folder: Path, kind: str) -> None:
    """Refuse what cannot be written, before anything is read; raises as `write_gguf`."""
    if find_spec("gguf") is None:
        raise MachineError("machine.extra", key="gguf", extra="gguf")
    if kind not in KINDS:
        raise ModelError("gguf.kind", key="gguf", value=kind, allowed=" | ".join(KINDS))
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    model = str(config.get("model_type"))
    if model not in _ARCHITECTURES:
        raise ModelError("gguf.model", key="model_type", value=model, allowed=" | ".join(_ARCHITECTURES))
    other = {name: config[name] for name, value in _NEEDS.items() if config.get(name, value) != value}
    rope = (config.get("rope_parameters") or config.get("rope_scaling") or {}).get("rope_type", "default")
    other |= {"rope_type": rope} if rope != "default" else {}
    other |= {"sliding_window": config["sliding_window"]} if model == "mistral" and config.get("sliding_window") else {}
    for name, value in other.items():
        raise ModelError("gguf.model", key=name, value=value, allowed=str(_NEEDS.get(name, "default")))


def read_gguf(file: Path) -> tuple[Any, Any]:
    """Model (float32) and tokenizer of a GGUF file, as an ordinary model that can be saved.

    transformers marks such a model as quantised, which its weights are no longer, and then refuses to save it.

    Args:
        file: in a folder that holds nothing else of a model.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    place = {"pretrained_model_name_or_path": str(file.parent), "gguf_file": file.name}
    with redirect_stderr(StringIO()):  # a bar of progress that cannot be switched off
        model = AutoModelForCausalLM.from_pretrained(**place, dtype=torch.float32, trust_remote_code=False)
    model.hf_quantizer, model.is_quantized = None, False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    return model, AutoTokenizer.from_pretrained(**place, trust_remote_code=False)


def _add_sizes(writer: Any, config: Any, name: str, kind: str) -> None:
    import gguf

    types = gguf.LlamaFileType
    head = int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)
    writer.add_name(name)
    writer.add_file_type({"f32": types.ALL_F32, "f16": types.MOSTLY_F16, "bf16": types.MOSTLY_BF16}[kind])
    writer.add_vocab_size(config.vocab_size)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(float(config.rope_parameters["rope_theta"]))
    if head * config.num_attention_heads != config.hidden_size:
        writer.add_key_length(head)
        writer.add_value_length(head)


def _add_weights(writer: Any, model: Any, architecture: str, kind: str) -> None:
    """Every weight under its name there. llama's queries and keys turn pairs of numbers that lie side by side, those of
    transformers pairs that lie half a head apart."""
    import gguf
    import numpy as np

    named = {"llama": gguf.MODEL_ARCH.LLAMA, "qwen2": gguf.MODEL_ARCH.QWEN2}[architecture]
    names = gguf.get_tensor_name_map(named, model.config.num_hidden_layers)
    heads = {"q_proj": model.config.num_attention_heads, "k_proj": model.config.num_key_value_heads}
    for name, value in model.named_parameters():  # a head that is tied to the words comes once
        found = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if found is None:
            raise ModelError("gguf.model", key=name, value=architecture, allowed=" | ".join(_ARCHITECTURES))
        data = value.detach().numpy()
        part = name.split(".")[-2]
        if architecture == "llama" and part in heads:
            data = data.reshape(heads[part], 2, -1, data.shape[-1]).swapaxes(1, 2).reshape(data.shape)
        if data.ndim == 1 or kind == "f32":
            writer.add_tensor(found, np.ascontiguousarray(data, dtype=np.float32))
        elif kind == "f16":
            writer.add_tensor(found, data.astype(np.float16))
        else:
            short = gguf.GGMLQuantizationType.BF16
            writer.add_tensor(found, gguf.quants.quantize(np.ascontiguousarray(data), short), raw_dtype=short)


__all__ = ["KINDS", "check_gguf", "read_gguf", "write_gguf"]
