"""Against the library's own ``features2`` and ``features``."""

from pathlib import Path

import numpy as np
import pytest
from builders import a_scan
from tiny_weights import a_densenet, a_densenet_file

from scankin.models import load_encoder
from scankin.models.network import NetworkEncoder
from scankin.retrieval.errors import InvalidRequest

pytestmark = pytest.mark.slow  # the library takes many seconds to import


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def test_a_pickled_densenet_gives_what_the_library_calls_features2(tmp_path: Path) -> None:
    import torch

    encoder = load_encoder("torchxrayvision", a_densenet_file(tmp_path))
    tensor = encoder.prepare(a_scan(1))
    assert tensor.shape == (1, 1, 224, 224) and tensor.min() == -1024 and tensor.max() == 1024
    with torch.no_grad():
        truth = a_densenet().features2(torch.from_numpy(tensor))[0].numpy()
    assert np.allclose(encoder.encode(tensor), unit(truth), atol=1e-6)


def test_a_state_dict_of_a_densenet_gives_the_same(tmp_path: Path) -> None:
    import torch

    whole = load_encoder("torchxrayvision", a_densenet_file(tmp_path))
    torch.save(a_densenet().state_dict(), tmp_path / "state.pt")
    tensor = whole.prepare(a_scan(1))
    assert np.array_equal(load_encoder("torchxrayvision", tmp_path / "state.pt").encode(tensor), whole.encode(tensor))


def test_a_resnet_gives_what_the_library_calls_features(tmp_path: Path) -> None:
    import torch
    from torchvision.models.resnet import Bottleneck
    from torchvision.models.resnet import ResNet as TorchResNet
    from torchxrayvision.models import ResNet

    torch.manual_seed(6)
    theirs = ResNet.__new__(ResNet)  # its constructor fetches weights
    torch.nn.Module.__init__(theirs)
    theirs.model = TorchResNet(Bottleneck, [1, 1, 1, 1], num_classes=3)
    theirs.model.conv1 = torch.nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
    theirs.eval()
    torch.save(theirs.model.state_dict(), tmp_path / "resnet.pt")
    encoder = load_encoder("torchxrayvision", tmp_path / "resnet.pt")
    tensor = encoder.prepare(a_scan(1))
    with torch.no_grad():
        truth = theirs.features(torch.from_numpy(tensor))[0].numpy()
    assert tensor.shape == (1, 1, 512, 512)
    assert np.allclose(encoder.encode(tensor), unit(truth), atol=1e-6)


@pytest.mark.parametrize("values", [(0.0, 1.0), (0.0, 255.0), (-1.0, 1.0), (-1024.0, 2000.0), (0.0, 1024.0)])
def test_another_range_than_the_library_was_trained_on_is_an_error(tmp_path: Path, values: tuple[float, float]) -> None:
    encoder = load_encoder("torchxrayvision", a_densenet_file(tmp_path))
    tensor = np.linspace(*values, 224 * 224, dtype=np.float32).reshape(1, 1, 224, 224)
    with pytest.raises(ValueError, match="-1024 to 1024"):
        encoder.encode(tensor)


class Harmful:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("run",)


def test_code_in_a_weights_file_is_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import torch

    torch.save(Harmful(), tmp_path / "harmful.pt")
    with pytest.raises(InvalidRequest, match="does not hold weights"):
        load_encoder("torchxrayvision", tmp_path / "harmful.pt")
    assert "run" not in capsys.readouterr().out


def test_its_map_has_the_vector_as_its_mean(tmp_path: Path) -> None:
    encoder = load_encoder("torchxrayvision", a_densenet_file(tmp_path))
    assert isinstance(encoder, NetworkEncoder)
    tensor = encoder.prepare(a_scan(1))
    features = encoder.features(tensor)
    assert features.shape[2:] == (7, 7)
    assert np.allclose(unit(features[0].mean(axis=(1, 2))), encoder.encode(tensor), atol=1e-6)
