"""Passes over tensors that stay where they are, so that a GPU plays a recording in place of a thousand launches.

A step of the 26B model is some two thousand kernels, most of a few microseconds: launched one by one they take
longer than they run. A CUDA graph of the pass is recorded once for each size of prompt and canvas (powers of
two, so there are few) and played from then on; nothing is recorded anew between requests. On a CPU the same
passes run unrecorded, which is how they are tested without a GPU.

Shapes: T positions of which F are free, the padding counted, of B canvases; V ids.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import DynamicCache

from model.diffusion.sampler import Flags, Floats, Ids, StepOutput
from model.torch.forward import Pass, run
from model.torch.prompt_cache import layers_of
from model.torch.vocabulary import Vocabulary
from model.types import Canvas

LEAST_PROMPT, LEAST_CANVAS = 256, 16  # tokens of the smallest sizes
MOST_CANVASES, MOST_POSITIONS = 32, 511  # of one recording; more than these are too rare to record
PADDING = -1  # the canvas of positions that are nobody's
Answers = tuple[Tensor, Tensor, Tensor]  # draft, entropies and sampled ids, [F] each


class CudaGraphs:
    """The recordings of one network, and the prompts' places in memory that they read."""

    def __init__(self, decoder: Any, vocabulary: Vocabulary) -> None:
        """`decoder` is the class's."""
        self.decoder, self.vocabulary = decoder, vocabulary
        self.device: torch.device = decoder.norm.weight.device
        self._prompts: dict[int, Prompt] = {}
        self._recordings: dict[tuple[int, int, int], Recording] = {}
        self._pool = torch.cuda.graph_pool_handle() if self.device.type == "cuda" else None

    def prompt(self, view: DynamicCache, n_prompt: int) -> Prompt:
        """A prompt's keys and values in the place of its size."""
        size = size_of(n_prompt, LEAST_PROMPT)
        if size not in self._prompts:
            self._prompts[size] = Prompt(view, size)
        self._prompts[size].take(view)
        return self._prompts[size]

    def recording(self, prompt: Prompt, n_positions: int, n_free: int) -> Recording:
        """The recording for a canvas of so many positions, of which one at least is padding."""
        key = prompt.size, size_of(n_positions + 1, LEAST_CANVAS), size_of(n_free, LEAST_CANVAS)
        if key not in self._recordings:
            self._recordings[key] = Recording(self, prompt, *key[1:])
        return self._recordings[key]

    def recorded(self, play: Callable[[], Answers]) -> tuple[Callable[[], None], Answers]:
        """How to play it again, and where its answers then are: [F] each."""
        if self._pool is None:
            answers = play()

            def again() -> None:
                for held, new in zip(answers, play(), strict=True):
                    held.copy_(new)

            return again, answers
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):  # kernels are compiled and buffers made outside the recording
            for _ in range(2):
                play()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool):
            answers = play()
        return graph.replay, answers


class Prompt:
    """Keys and values [1, heads, size, head size] of every layer, and how many of them a prompt fills."""

    is_compileable = False  # for the class: a pass appends the canvas's own, as to a cache that grows

    def __init__(self, view: DynamicCache, size: int) -> None:
        self.size = size
        self.layers = [SimpleNamespace(keys=_room(layer, size), values=_room(layer, size)) for layer in layers_of(view)]
        self.n_filled = [0] * len(self.layers)

    def take(self, view: DynamicCache) -> None:
        """Hold this prompt from now on."""
        for i, (held, layer) in enumerate(zip(self.layers, layers_of(view), strict=True)):
            n: int = layer.keys.shape[-2]
            held.keys[:, :, :n], held.values[:, :, :n] = layer.keys, layer.values
            self.n_filled[i] = n


class Recording:
    """One pass of a fixed size: what it reads is written into its tensors, then it is played."""

    def __init__(self, recorder: CudaGraphs, prompt: Prompt, n_positions: int, n_free: int) -> None:
        device, vocabulary = recorder.device, recorder.vocabulary
        self.n_positions, self.n_free = n_positions, n_free
        whole = torch.zeros(n_positions, dtype=torch.int64, device=device)
        kinds: Sequence[str] = recorder.decoder.text_config.layer_types
        sizes = {kind: layer.keys.shape[-2] for kind, layer in zip(kinds, prompt.layers, strict=True)}
        self.step = Pass(
            ids=whole,
            positions=whole.clone(),
            conditioning=torch.zeros_like(vocabulary.embedded(whole)),
            free=torch.full((n_free,), n_positions - 1, device=device),
            rows=torch.zeros(n_free, dtype=torch.int64, device=device),
            barred=torch.zeros(MOST_CANVASES, vocabulary.size, dtype=torch.bool, device=device),
            temperature=torch.ones((), device=device),
            uniforms=torch.zeros(n_free, device=device),
            prompt=prompt,
            masks={
                kind: torch.ones(1, 1, n_positions, n + n_positions, dtype=torch.bool, device=device)
                for kind, n in sizes.items()
            },
        )
        self._sizes = sizes
        self._again, self.answers = recorder.recorded(lambda: run(recorder.decoder, vocabulary, self.step))

    def see(self, rows: Tensor, prompt: Prompt, kinds: Sequence[str]) -> None:
        """Let each position see what the prompt fills and its own canvas; `rows` [T] are the canvases."""
        for kind, n_filled in dict(zip(kinds, prompt.n_filled, strict=True)).items():
            mask, size = self.step.masks[kind], self._sizes[kind]
            assert mask is not None
            mask[..., :n_filled] = True
            mask[..., n_filled:size] = False
            mask[0, 0, :, size:] = rows[:, None] == rows

    def play(self) -> list[np.ndarray[Any, Any]]:
        """Draft, entropies and sampled ids [F] of the free positions, on the host: the one wait for the device."""
        self._again()
        return [answer.cpu().numpy().copy() for answer in self.answers]  # the next pass writes where they are


class CudaGraphDecoder:
    """`Decoder` that plays recordings; as settled canvases leave, a smaller one takes over."""

    def __init__(
        self, recorder: CudaGraphs, view: DynamicCache, n_prompt: int, canvases: Sequence[Canvas], barred: Flags
    ) -> None:
        """`view` is of the prompt's cache; `barred` [B, V] marks ids that a canvas may not predict."""
        self._recorder, self._canvases = recorder, canvases
        self._n_prompt, self._barred = n_prompt, torch.from_numpy(barred).to(recorder.device)
        self._prompt = recorder.prompt(view, n_prompt)
        self._kinds: Sequence[str] = recorder.decoder.text_config.layer_types
        self._live: tuple[int, ...] = ()
        self._conditioning: dict[int, Tensor] = {}  # of each canvas [its positions, dim]
        self._spans: dict[int, slice] = {}
        self._recording: Recording | None = None

    @torch.inference_mode()
    def __call__(self, live: Sequence[int], free_ids: Ids, temperature: float, uniforms: Floats) -> StepOutput:
        if tuple(live) != self._live:
            self._lay_out(tuple(live))
        assert self._recording is not None
        recording, n = self._recording, len(free_ids)
        step, device = recording.step, self._recorder.device
        step.ids[step.free[:n]] = torch.from_numpy(free_ids).to(device)
        step.uniforms[:n] = torch.from_numpy(uniforms).to(device)
        step.temperature.fill_(temperature)
        draft, entropies, sampled = recording.play()
        return StepOutput(draft[:n], entropies[:n], sampled[:n])

    def _lay_out(self, live: tuple[int, ...]) -> None:
        """Put the canvases that still move side by side in the smallest recording that holds them."""
        canvases = [self._canvases[i] for i in live]
        sizes = [len(c.canvas_ids) for c in canvases]
        n_positions, n_free = sum(sizes), sum(sum(c.hole_mask) for c in canvases)
        before = self._recording
        if before is not None:
            self._conditioning = {i: before.step.conditioning[self._spans[i]].clone() for i in live}
        recording = self._recorder.recording(self._prompt, n_positions, n_free)
        n_padding = recording.n_positions - n_positions
        starts = np.cumsum([0, *sizes]).tolist()
        self._spans = {i: slice(a, b) for i, a, b in zip(live, starts, starts[1:], strict=False)}
        ids = np.concatenate([*(c.canvas_ids for c in canvases), [0] * n_padding])
        positions = np.concatenate([*(self._n_prompt + np.arange(n) for n in sizes), [self._n_prompt] * n_padding])
        rows = np.repeat([*live, PADDING], [*sizes, n_padding])
        free = np.concatenate([np.array(c.hole_mask) for c in canvases]).nonzero()[0]
        n_spare = recording.n_free - n_free
        step = recording.step
        self._write(step.ids, ids)
        self._write(step.positions, positions)
        self._write(step.free, np.concatenate([free, [recording.n_positions - 1] * n_spare]))
        self._write(step.rows, np.concatenate([rows[free], [live[0]] * n_spare]))
        step.barred[: len(self._barred)] = self._barred
        step.conditioning.zero_()
        for i, span in self._spans.items():
            if i in self._conditioning:
                step.conditioning[span] = self._conditioning[i]
        recording.see(torch.from_numpy(rows).to(step.ids.device), self._prompt, self._kinds)
        self._recording, self._live = recording, live

    @staticmethod
    def _write(held: Tensor, values: np.ndarray[Any, Any]) -> None:  # both [T] or [F]
        held.copy_(torch.from_numpy(values))


def fits(canvases: Sequence[Canvas]) -> bool:
    """Whether canvases are few and short enough to be worth a recording."""
    return len(canvases) <= MOST_CANVASES and sum(len(c.canvas_ids) for c in canvases) <= MOST_POSITIONS


def size_of(n: int, least: int) -> int:
    """The power of two that holds `n`, at least `least`."""
    return max(least, 1 << (n - 1).bit_length())


def _room(layer: Any, size: int) -> Tensor:
    """Zeros [1, heads, n, head size] for a layer's keys or values; a sliding layer never holds more than its window."""
    n = min(size, layer.sliding_window - 1) if layer.is_sliding else size
    return layer.keys.new_zeros(*layer.keys.shape[:2], n, layer.keys.shape[-1])
