"""Generation engines behind one small interface: vLLM, and transformers' `generate` where vLLM is not to be had.

Tokens in, tokens out: nothing is decoded and encoded again on the way.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from labkit import gpus
from labkit.config import RunConfig
from labkit.errors import SetupError
from labkit.weights import FILE, Published


@dataclass(frozen=True)
class Generated:
    """One completion: its tokens, the end-of-sequence token included, and their log-probs at sampling (nats, temperature 1)."""

    token_ids: list[int]
    logps: list[float]


class Engine(Protocol):
    """What the rollout worker needs of an engine."""

    def generate(self, prompts: Sequence[list[int]], n: int, *, temperature: float, seed: int) -> list[list[Generated]]:
        """`n` completions of each prompt, sampled; greedy at temperature 0. The same seed gives the same completions."""

    def score(self, sequences: Sequence[list[int]]) -> list[list[dict[int, float] | None]]:
        """vLLM's `prompt_logprobs` of each sequence: one entry a token, `{token id: log-prob}`; the first is None."""

    def load_weights(self, published: Published) -> float:
        """Go on with these weights; returns the gap in nats on their probe. Raises WeightsError where they did not arrive as
        they were sent."""


def create(config: RunConfig, eos: int) -> Engine:
    """The engine that `config.engine` names. Raises SetupError where it is not installed."""
    return VLLMEngine(config, eos) if config.engine == "vllm" else TransformersEngine(config, eos)


class VLLMEngine:
    """vLLM on the CPU or GPUs: in this process or, with tensor parallelism, in processes of its own that end with this one."""

    def __init__(self, config: RunConfig, eos: int) -> None:
        os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
        os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
        os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"  # in this process: faster here, and nothing to orphan
        if config.device == "cpu":
            os.environ["VLLM_CPU_KVCACHE_SPACE"] = str(config.kv_cache_gib)
            os.environ["VLLM_CPU_OMP_THREADS_BIND"] = "nobind"  # three processes share the cores
            torch._dynamo.config.disable = True  # vLLM compiles a few small functions; a laptop has no compiler
            os.environ["TORCH_COMPILE_DISABLE"] = "1"  # the same for processes of its own, with tensor parallelism
        else:
            gpus.see_only(*config.generation_devices)
            os.environ["VLLM_ALLOW_INSECURE_SERIALIZATION"] = "1"  # IPC handles of the run's own trainer are pickled
        try:
            import vllm
        except ImportError as error:
            raise SetupError(f"vLLM does not import ({error}); install requirements/, or set engine='transformers'") from error
        # Rotary embeddings hold no weights, and say so at every update. What did not arrive is found by the probe.
        logging.getLogger("vllm.model_executor.model_loader.reload.layerwise").setLevel(logging.ERROR)
        logging.getLogger("vllm.config.scheduler").setLevel(logging.ERROR)  # warns of each scheduler that is not vLLM's own
        self._vllm = vllm
        self._config, self._eos = config, eos
        self._joined = False  # the trainer, for a transfer from GPU to GPU
        on_gpu: dict[str, Any] = {}
        if config.device == "cuda":
            cache = config.kv_cache_gib * 2**30
            # vLLM asks whether so large a share of the GPU is free, and then takes what the cache needs.
            share = cache / torch.cuda.get_device_properties(0).total_memory
            on_gpu = {"kv_cache_memory_bytes": cache, "gpu_memory_utilization": min(share, 0.95)}
            if config.weight_transfer != "disk":
                on_gpu["weight_transfer_config"] = {"backend": config.weight_transfer}
        eager = config.device == "cpu" or not config.cuda_graphs
        try:
            self._llm = vllm.LLM(
                model=config.model, dtype=config.dtype, seed=config.seed, skip_tokenizer_init=True,
                max_model_len=config.max_prompt_tokens + config.max_completion_tokens + 1,
                max_num_seqs=min(256, config.rollouts_per_batch), enforce_eager=eager,
                enable_prefix_caching=config.group_size > 1, disable_log_stats=True,
                tensor_parallel_size=config.tensor_parallel_size, async_scheduling=config.device == "cuda",
                scheduler_cls="labkit.logp_scheduler." + ("Async" if config.device == "cuda" else "") + "LogpScheduler",
                **on_gpu,
            )  # fmt: skip
        except ModuleNotFoundError as error:  # vLLM 0.26 imports ray for a transfer over IPC, and does not require it
            raise SetupError(
                f"vLLM {vllm.__version__} needs the package {error.name} for weight_transfer={config.weight_transfer!r}; "
                "install it, or set weight_transfer='disk'"
            ) from error
        except (torch.OutOfMemoryError, ValueError) as error:
            if isinstance(error, ValueError) and "memory" not in str(error).lower():
                raise
            raise SetupError(
                f"vLLM has not memory enough for a key-value cache of kv_cache_gib={config.kv_cache_gib} beside the model "
                f"({str(error).splitlines()[0]}); lower kv_cache_gib, or end what else uses the memory (`labkit doctor`)"
            ) from error
        self._scheduler = self._llm.llm_engine.engine_core.engine_core.scheduler

    def generate(self, prompts: Sequence[list[int]], n: int, *, temperature: float, seed: int) -> list[list[Generated]]:
        # One seed for the call: with seeds per request vLLM samples row by row, and on a CPU it fails when a prompt is
        # prefilled in parts.
        self._llm.collective_rpc(_seed, args=(seed,))
        params = self._vllm.SamplingParams(
            n=n,
            temperature=temperature,
            logprobs=0,  # of the sampled token alone
            detokenize=False,
            max_tokens=self._config.max_completion_tokens,
            stop_token_ids=[self._eos],
        )
        outputs = self._llm.generate(self._tokens(prompts), params, use_tqdm=False)
        completions = [list(completion.token_ids) for output in outputs for completion in output.outputs]
        tokens, logps = self._scheduler.take_logps()
        assert [t.tolist() for t in tokens] == completions, "vLLM gave log-probs of other tokens than those that it sampled"
        rows = [Generated(ids, lps.tolist()) for ids, lps in zip(completions, logps, strict=True)]
        return [rows[i : i + n] for i in range(0, len(rows), n)]

    def score(self, sequences: Sequence[list[int]]) -> list[list[dict[int, float] | None]]:
        params = self._vllm.SamplingParams(max_tokens=1, temperature=0, prompt_logprobs=0, detokenize=False)
        outputs = self._llm.generate(self._tokens(sequences), params, use_tqdm=False)
        return [[entry and {token: lp.logprob for token, lp in entry.items()} for entry in o.prompt_logprobs] for o in outputs]

    def load_weights(self, published: Published) -> float:
        if published.transfer is None:
            self._llm.collective_rpc("reload_weights", kwargs={"weights_path": published.path})
        else:
            if not self._joined:
                self._llm.collective_rpc("init_weight_transfer_engine", kwargs={"init_info": published.transfer["init"]})
                self._joined = True
            self._llm.collective_rpc("start_weight_update")
            self._llm.collective_rpc("update_weights", kwargs={"update_info": published.transfer["update"]})
            self._llm.collective_rpc("finish_weight_update")
        self._llm.reset_prefix_cache()
        return published.verify(probe(self, published), self._config.dtype)

    def _tokens(self, sequences: Sequence[list[int]]) -> list[Any]:
        return [self._vllm.TokensPrompt(prompt_token_ids=list(ids)) for ids in sequences]


def _seed(worker: Any, seed: int) -> None:
    """In each process that samples: this one or, with tensor parallelism, several of vLLM's own."""
    torch.manual_seed(seed)


class TransformersEngine:
    """transformers' `generate`, on the CPU or one GPU: slower on long completions, and everywhere to be had."""

    def __init__(self, config: RunConfig, eos: int) -> None:
        from labkit.policy import Policy, load_model

        self._config, self._eos = config, eos
        if config.device == "cuda":
            gpus.see_only(config.generation_device)
        device = config.device
        self._policy = Policy(load_model(config)).to(device)
        self._device = device

    def generate(self, prompts: Sequence[list[int]], n: int, *, temperature: float, seed: int) -> list[list[Generated]]:
        width = max(map(len, prompts))
        ids = torch.tensor([[self._eos] * (width - len(p)) + p for p in prompts], device=self._device)
        mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=self._device)
        sampling = (
            {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0}
            if temperature > 0
            else {"do_sample": False}
        )
        with torch.random.fork_rng(), torch.inference_mode():
            torch.manual_seed(seed)
            out = self._policy.model.generate(
                input_ids=ids, attention_mask=mask, num_return_sequences=n, max_new_tokens=self._config.max_completion_tokens,
                eos_token_id=self._eos, pad_token_id=self._eos, return_dict_in_generate=True, output_logits=True, **sampling,
            )  # fmt: skip
            tokens = out.sequences[:, width:]  # (B, C)
            logps = torch.stack(out.logits, dim=1).float().log_softmax(-1)  # (B, C, V)
            logps = logps.gather(-1, tokens[..., None]).squeeze(-1)
        rows = [self._until_eos(t, lp) for t, lp in zip(tokens.tolist(), logps.tolist(), strict=True)]
        return [rows[i : i + n] for i in range(0, len(rows), n)]

    def _until_eos(self, tokens: list[int], logps: list[float]) -> Generated:
        length = tokens.index(self._eos) + 1 if self._eos in tokens else len(tokens)
        return Generated(tokens[:length], logps[:length])

    def score(self, sequences: Sequence[list[int]]) -> list[list[dict[int, float] | None]]:
        width = max(map(len, sequences))
        ids = torch.tensor([list(s) + [self._eos] * (width - len(s)) for s in sequences], device=self._device)
        mask = torch.tensor([[1] * len(s) + [0] * (width - len(s)) for s in sequences], device=self._device)
        with torch.inference_mode():
            logps = self._policy.completion_logps(ids, mask, 1, chunk_bytes=self._config.logits_chunk_bytes).tolist()
        return [
            [None, *({token: lp} for token, lp in zip(s[1:], row, strict=False))]
            for s, row in zip(sequences, logps, strict=True)
        ]

    def load_weights(self, published: Published) -> float:
        import safetensors.torch

        assert published.path is not None
        state = safetensors.torch.load_file(Path(published.path) / FILE)
        self._policy.model.load_state_dict(state)
        return published.verify(probe(self, published), self._config.dtype)


def probe(engine: Engine, published: Published) -> list[float]:
    """The engine's log-probs of the probe's tokens, all but the first."""
    [entries] = engine.score([published.probe_ids])
    return [entry[token] for token, entry in zip(published.probe_ids, entries, strict=True) if entry is not None]
