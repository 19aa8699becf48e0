"""Weights of the plug-in encoders: random and tiny, in the formats in which the real ones come."""

import json
from pathlib import Path

import numpy as np

CHANNELS, PATCH, SIDE = 6, 8, 32
RAD_DINO_SIDE = 56


def tiny_weights(encoder: str, folder: Path) -> Path | None:
    """Weights of an encoder that comes without any; None for the others."""
    makers = {
        "adapted": a_head,
        "onnx": an_onnx_file,
        "open_clip": a_clip_folder,
        "rad_dino": a_dinov2_folder,
        "timm": a_timm_file,
        "torchxrayvision": a_densenet_file,
    }
    return makers[encoder](folder) if encoder in makers else None


def a_head(folder: Path) -> Path:
    """A head on ``thumbnail`` that turns its vectors and leaves out half of each."""
    from scankin.models import load_encoder

    base = load_encoder("thumbnail").identity
    turn, _ = np.linalg.qr(np.random.default_rng(1).standard_normal((base.dim, base.dim)))
    held = {"mean": np.zeros(base.dim, np.float32), "matrix": turn[:, : base.dim // 2].astype(np.float32)}
    np.savez(folder / "head.npz", **held, base=np.array(base.name), base_digest=np.array(base.digest))
    return folder / "head.npz"


def a_densenet(seed: int = 1):
    """A DenseNet of TorchXRayVision, trained on nothing."""
    import torch
    from torchxrayvision.models import DenseNet

    torch.manual_seed(seed)
    return DenseNet(growth_rate=4, block_config=(2, 1, 2, 1), num_init_features=8, bn_size=2, num_classes=3).eval()


def a_densenet_file(folder: Path) -> Path:
    """The whole DenseNet, pickled as the library's published files are."""
    import torch

    torch.save(a_densenet(), folder / "densenet.pt")
    return folder / "densenet.pt"


def a_dinov2_folder(folder: Path) -> Path:
    """A folder as RAD-DINO's: a Dinov2 and its image processor."""
    import torch
    from transformers import BitImageProcessor, Dinov2Config, Dinov2Model

    torch.manual_seed(2)
    config = Dinov2Config(
        hidden_size=24, num_hidden_layers=2, num_attention_heads=2, image_size=RAD_DINO_SIDE, patch_size=14
    )
    Dinov2Model(config).save_pretrained(folder)
    BitImageProcessor(
        size={"shortest_edge": RAD_DINO_SIDE},
        crop_size={"height": RAD_DINO_SIDE, "width": RAD_DINO_SIDE},
        image_mean=[0.5307, 0.5307, 0.5307],
        image_std=[0.2583, 0.2583, 0.2583],
    ).save_pretrained(folder)
    return folder


def a_clip_folder(folder: Path) -> Path:
    """A folder as OpenCLIP's: configuration and state dict of both towers."""
    import open_clip
    import torch

    torch.manual_seed(3)
    model = {
        "embed_dim": 16,
        "vision_cfg": {"image_size": SIDE, "layers": 2, "width": 32, "head_width": 16, "patch_size": PATCH},
        "text_cfg": {"context_length": 8, "vocab_size": 64, "width": 16, "heads": 2, "layers": 1},
    }
    prepared = {"mean": [0.48145466, 0.4578275, 0.40821073], "std": [0.26862954, 0.26130258, 0.27577711]}
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": model, "preprocess_cfg": prepared}))
    net = open_clip.CLIP(**model)
    torch.save(net.state_dict(), folder / "open_clip_pytorch_model.bin")
    return folder


def a_timm_file(folder: Path, architecture: str = "test_resnet") -> Path:
    """Weights of one of timm's own test networks, with a card in TOML."""
    import timm
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(4)
    save_file(timm.create_model(architecture, num_classes=5).state_dict(), folder / "model.safetensors")
    card = f'architecture = "{architecture}"\ninput_size = [3, 160, 160]\n'
    (folder / "model.toml").write_text(f"{card}mean = [0.5, 0.5, 0.5]\nstd = [0.5, 0.5, 0.5]\n")
    return folder / "model.safetensors"


def onnx_filters() -> np.ndarray:
    """The filters ``[channels, 3, 8, 8]`` of ``an_onnx_file``."""
    return np.random.default_rng(5).standard_normal((CHANNELS, 3, PATCH, PATCH)).astype(np.float32)


def an_onnx_file(folder: Path, output: str = "map", tokens: str = "") -> Path:
    """One convolution and a ReLU, as a map, as tokens and as their mean; the card names the output."""
    import onnx
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("Conv", ["in", "filters"], ["conv"], strides=[PATCH, PATCH]),
        helper.make_node("Relu", ["conv"], ["map"]),
        helper.make_node("Reshape", ["map", "flat"], ["rows"]),
        helper.make_node("Transpose", ["rows"], ["tokens"], perm=[0, 2, 1]),
        helper.make_node("ReduceMean", ["rows"], ["vector"], axes=[2], keepdims=0),
    ]
    places = SIDE // PATCH
    shapes = {"map": [1, CHANNELS, places, places], "tokens": [1, places**2, CHANNELS], "vector": [1, CHANNELS]}
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("in", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()],
        [
            onnx.numpy_helper.from_array(onnx_filters(), "filters"),
            onnx.numpy_helper.from_array(np.array([1, CHANNELS, -1]), "flat"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, folder / "tiny.onnx")
    card = f'side = {SIDE}\nchannels = 3\nvalue_range = [0, 255]\noutput = "{output}"\n{tokens}\n'
    (folder / "tiny.toml").write_text(f"{card}mean = [127, 127, 127]\nspread = [128, 128, 128]\n")
    return folder / "tiny.onnx"
