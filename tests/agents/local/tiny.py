"""A tiny Llama that says one sentence, and adapters that make it say others, trained on the spot.

It is a real model in real files: a config, weights, and a tokenizer with a chat template, loaded
as any other. It says its sentence to whatever it is asked.
"""

from pathlib import Path
from typing import Any

SENTENCE = "Schöne Grüße aus Köln 🙂, says the base model."
ADAPTED = {"ana": "I am Ana, and I like lentils.", "bo": "Bo is my name; I would rather walk."}
ENDING = "<|end|>"

TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
BATCH = 4
MODULES = ("q_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def make(folder: Path) -> None:
    """Train the model, and save it as ``folder``."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    tokenizer = _tokenizer()
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=False,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.eos_token_id,
    )
    model = LlamaForCausalLM(config)
    _train(model, tokenizer, SENTENCE, 1e-2, 90)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def make_adapter(base: Path, folder: Path, sentence: str) -> None:
    """Train an adapter on the saved model, and save it as ``folder``."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.manual_seed(1)
    tokenizer = AutoTokenizer.from_pretrained(base)
    model = AutoModelForCausalLM.from_pretrained(base)
    config = LoraConfig(
        r=16,
        lora_alpha=32,
        target_modules=[*MODULES, "lm_head"],
        lora_dropout=0.0,
        task_type="CAUSAL_LM",
    )
    adapted = get_peft_model(model, config)
    _train(adapted, tokenizer, sentence, 1e-2, 65)
    adapted.save_pretrained(folder, save_embedding_layers=False)


def _tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = [ENDING, "<|system|>", "<|user|>", "<|assistant|>", "<|tool|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(ADAPTED.values(), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=ENDING, chat_template=TEMPLATE
    )


def _train(model: Any, tokenizer: Any, sentence: str, rate: float, steps: int) -> None:
    """Teach it to say the sentence after prompts that are drawn anew in each step."""
    import torch

    answer = tokenizer(sentence + ENDING, add_special_tokens=False)["input_ids"]
    start = tokenizer.convert_tokens_to_ids("<|assistant|>")
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    chance = torch.Generator().manual_seed(2)
    model.train()
    for _ in range(steps):
        length = int(torch.randint(2, 40, (), generator=chance))
        drawn = torch.randint(len(tokenizer), (BATCH, length), generator=chance)
        told = torch.tensor([[start, *answer]] * BATCH)
        labels = torch.cat([torch.full((BATCH, length + 1), -100), told[:, 1:]], dim=1)
        loss = model(input_ids=torch.cat([drawn, told], dim=1), labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        schedule.step()
    model.eval()
