"""A graph as it grows, product by product; what `build_graphs` writes with. Needs `onnx`."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from model.causal.config import BITS, BLOCK, Format
from model.causal.graph_files import ROW_GATE
from model.causal.layout import CODES, HIGH, LOW, SCALES, WEIGHT
from model.causal.tensor_file import Spec

OPSET, IR_VERSION = 23, 11  # the first with RMSNormalization and RotaryEmbedding
CONTRIB = "com.microsoft"
INT8_ACTIVATIONS = 4  # MatMulNBits multiplies in eight bits
TYPES = {
    np.uint8: TensorProto.UINT8,
    np.int8: TensorProto.INT8,
    np.float32: TensorProto.FLOAT,
    np.int64: TensorProto.INT64,
}
Shape = list[int | str]


class Builder:
    """A graph as it grows."""

    def __init__(self, kind: Format, rank: int = 0) -> None:
        """`rank` is of the adapter's parts, which canvas rows add to every product; 0 for none."""
        self.kind: Format = kind
        self.rank = rank
        self.nodes: list[NodeProto] = []
        self.initializers: list[TensorProto] = []
        self.inputs: list[ValueInfoProto] = []
        self.outputs: list[ValueInfoProto] = []
        self._known: set[str] = set()  # values that are there in whole numbers

    def input(self, name: str, shape: Shape, kind: int = TensorProto.FLOAT) -> str:
        """An input of the graph."""
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, name: str, shape: Shape) -> None:
        """Make a value an output of the graph."""
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def constant(self, name: str, value: np.ndarray | np.generic) -> str:
        """A small array [...] that is part of the graph."""
        if all(known.name != name for known in self.initializers):
            self.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def sizes(self, name: str, *values: int) -> str:
        """A list of whole numbers."""
        return self.constant(name, np.array(values, np.int64))

    def weights(self, specs: list[Spec]) -> None:
        """Tensors that the loader binds."""
        for name, dtype, shape in specs:
            tensor = TensorProto(name=name, data_type=TYPES[dtype], dims=shape, data_location=TensorProto.EXTERNAL)
            tensor.external_data.add(key="location", value="weights")
            self.initializers.append(tensor)

    def add(self, op: str, inputs: list[str], outputs: str | list[str], domain: str = "", **attributes: Any) -> str:
        """A node; the name of its first output."""
        outputs = [outputs] if isinstance(outputs, str) else outputs
        self.nodes.append(helper.make_node(op, inputs, outputs, domain=domain, **attributes))
        return outputs[0]

    def product(self, x: str, matrix: str, sizes: tuple[int, int], bias: str = "") -> str:
        """`x` [T, columns] times a matrix of `sizes` (rows, columns), plus a bias [rows]; of a canvas row adapted."""
        return self._adapted(self._plain(x, matrix, sizes, bias), x, matrix)

    def _plain(self, x: str, matrix: str, sizes: tuple[int, int], bias: str) -> str:
        """The same without the adapter."""
        if self.kind in BITS:
            inputs = [x, matrix + CODES, matrix + SCALES, *(["", "", bias] if bias else [])]
            sized = {"N": sizes[0], "K": sizes[1], "bits": BITS[self.kind], "block_size": BLOCK}
            return self.add("MatMulNBits", inputs, f"{matrix}.y", CONTRIB, accuracy_level=INT8_ACTIVATIONS, **sized)
        if self.kind == "int8":
            product = self._integers(x, matrix, self._whole(x)[1])
        else:
            product = self.add("MatMul", [x, matrix + WEIGHT], f"{matrix}.y")
        return self.add("Add", [product, bias], f"{matrix}.biased") if bias else product

    def _adapted(self, y: str, x: str, matrix: str) -> str:
        """What canvas rows add to a product `y` [T, rows] of `x` [T, columns]; the gate makes it 0 for other rows."""
        if not self.rank:
            return y
        if self.kind == "int8":
            low = self._integers(x, matrix + LOW, self._once("Mul", [self._whole(x)[1], ROW_GATE], f"{x}.gated"))
        else:
            low = self.add("Mul", [self.add("MatMul", [x, matrix + LOW + WEIGHT], f"{matrix}.a"), ROW_GATE],
                           f"{matrix}.low")  # fmt: skip
        return self.add("Gemm", [low, matrix + HIGH, y], f"{matrix}.adapted")

    def _once(self, op: str, inputs: list[str], output: str) -> str:
        """A node that several may ask for."""
        if output not in self._known:
            self._known.add(output)
            self.add(op, inputs, output)
        return output

    def _integers(self, x: str, matrix: str, scale: str) -> str:
        """`x` [T, columns] times a matrix in whole numbers, times a `scale` [T, 1]."""
        inputs = [self._whole(x)[0], matrix + CODES, "one", matrix + SCALES, "middle"]
        steps = self.add("MatMulIntegerToFloat", inputs, f"{matrix}.steps", CONTRIB)
        return self.add("Mul", [steps, scale], f"{matrix}.y")

    def _whole(self, x: str) -> tuple[str, str]:
        """`x` [T, columns] in whole numbers, and their scales [T, 1].

        Each row has a scale of its own, made on the fly, so that no row's result depends on its company.
        """
        middle, one = self.constant("middle", np.uint8(128)), self.constant("one", np.float32(1))
        whole, scale = f"{x}.whole", f"{x}.scale"
        if whole not in self._known:
            self._known.add(whole)
            largest = self.add("ReduceMax", [self.add("Abs", [x], f"{x}.abs"), self.sizes("last", -1)], f"{x}.max")
            steps = self.add("Mul", [largest, self.constant("step", np.float32(1 / 127))], f"{x}.step")
            self.add("Max", [steps, self.constant("least", np.float32(1e-8))], scale)
            self.add("QuantizeLinear", [self.add("Div", [x, scale], f"{x}.scaled"), one, middle], whole)
        return whole, scale

    def model(self, name: str) -> ModelProto:
        """The finished graph."""
        graph = helper.make_graph(self.nodes, name, self.inputs, self.outputs, self.initializers)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="dg-lsp")
