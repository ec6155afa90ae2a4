"""Matrix products of a graph done in integers.

Weights have one scale per column, activations one scale per row, made on the fly. One scale per row, and not per
call as ONNX Runtime's own dynamic quantization has it, so that no token's result depends on what else is computed
with it: a cached prompt equals a fresh one and a row of a batch does not see its company. Weights take 7 bits of
the 8: on processors without VNNI two products are added in 16 bits, which 8 by 8 bits can overflow.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import NodeProto, helper, numpy_helper

WEIGHT_MAX = 63  # 7 bits and a sign
ACTIVATION_MAX, ZERO_POINT = 127, 128


def in_integers(model: onnx.ModelProto) -> onnx.ModelProto:
    """Every product with a constant matrix done in 8-bit integers; see the module's docstring."""
    graph = model.graph
    constants = {c.name: c for c in graph.initializer}
    nodes: list[NodeProto] = []
    new = {
        "step": np.float32(1 / ACTIVATION_MAX),
        "least": np.float32(1e-8),
        "last_axis": np.array([-1]),
        "one": np.float32(1),
        "zero_point": np.uint8(ZERO_POINT),
    }
    for node in graph.node:
        if node.op_type != "MatMul" or node.input[1] not in constants:
            nodes.append(node)
            continue
        x, matrix, y = node.input[0], node.input[1], node.output[0]
        weight = numpy_helper.to_array(constants[matrix])
        scale = np.maximum(np.abs(weight).max(axis=0), 1e-8) / WEIGHT_MAX
        new[f"{matrix}.ids"] = np.round(weight / scale).astype(np.int8)
        new[f"{matrix}.scale"] = scale.astype(np.float32)
        steps = [
            ("Abs", [x], "abs", {}),
            ("ReduceMax", [f"{y}.abs", "last_axis"], "max", {"keepdims": 1}),
            ("Mul", [f"{y}.max", "step"], "unclamped", {}),
            ("Max", [f"{y}.unclamped", "least"], "scale", {}),
            ("Div", [x, f"{y}.scale"], "scaled", {}),
            ("QuantizeLinear", [f"{y}.scaled", "one", "zero_point"], "integers", {}),
            (
                "MatMulIntegerToFloat",
                [f"{y}.integers", f"{matrix}.ids", "one", f"{matrix}.scale", "zero_point"],
                "product",
                {"domain": "com.microsoft"},
            ),
        ]
        nodes += [helper.make_node(op, inputs, [f"{y}.{name}"], **more) for op, inputs, name, more in steps]
        nodes.append(helper.make_node("Mul", [f"{y}.product", f"{y}.scale"], [y]))
    used = {name for node in nodes for name in node.input}
    kept = [c for name, c in constants.items() if name in used]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(kept + [numpy_helper.from_array(v, k) for k, v in new.items() if k in used])
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return model
