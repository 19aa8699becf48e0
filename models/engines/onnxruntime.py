"""ONNX Runtime: serves a network of an ONNX file, without torch."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as states

from scankin.models.network.exported import PRECISION
from scankin.retrieval.errors import InvalidRequest

UNREADABLE = (states.Fail, states.InvalidArgument, states.InvalidGraph, states.InvalidProtobuf, states.NotImplemented)


class OnnxEngine:
    """Runs the network of an ONNX file on the processor, one slice at a time, with one thread a call.

    Attributes:
        metadata: What the file's maker wrote into it, by name.
        name: Runtime, precision and device.
    """

    def __init__(self, path: Path, output: str | None = None, device: str = "cpu") -> None:
        """Load the file.

        Args:
            path: The ONNX file; it takes one batch ``[1, channels, height, width]``.
            output: Name of the output to use; None: the first.
            device: Only "cpu".

        Raises:
            InvalidRequest: It is no ONNX file, or has another shape, or no such output.
        """
        if device != "cpu":
            raise InvalidRequest(f"onnxruntime runs on cpu here, not on {device}. Leave out the device, or use torch.")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # callers run one scan a thread
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except UNREADABLE as error:
            raise InvalidRequest(f"{path.name} is no ONNX file that can be run. Name another.") from error
        inputs, outputs = self._session.get_inputs(), [one.name for one in self._session.get_outputs()]
        if len(inputs) != 1 or len(inputs[0].shape) != 4:
            raise InvalidRequest(f"{path.name}: a network with one input [1, channels, height, width] is needed.")
        if output is not None and output not in outputs:
            raise InvalidRequest(f"{path.name} has no output {output!r}. There are: {', '.join(outputs)}.")
        self._input, self._output = inputs[0].name, output or outputs[0]
        self.metadata: Mapping[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        self.name = f"onnxruntime-{self.metadata.get(PRECISION, 'float32')}-cpu"

    def run(self, one: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the features ``[channels, h, w]`` of one prepared slice."""
        (found,) = self._session.run([self._output], {self._input: one[np.newaxis]})
        features = np.asarray(found[0], np.float32)
        return features[:, np.newaxis, np.newaxis] if features.ndim == 1 else features
