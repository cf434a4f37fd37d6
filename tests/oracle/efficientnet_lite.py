"""EfficientNet-Lite in PyTorch, and the samples of it that `make test` compares with.

`python -m tests.oracle.efficientnet_lite` in the environment of `make oracle-test` writes them.
"""

import json

import torch
from efficientnet_lite_pytorch import EfficientNet

from tests.networks import pretrained
from tunit_tf.networks import efficientnet_lite


def features(variant, x):
    """Outputs of the tapped blocks, NHWC, and the pooled vector, for images NHWC in [-1, 1]."""
    known = efficientnet_lite.VARIANTS[variant]
    name = variant.replace("_", "-")
    network = EfficientNet.from_name(name, image_size=x.shape[1])  # padding is made for one size
    file = efficientnet_lite.weights_file(variant)
    network.load_state_dict(torch.load(file, weights_only=True))
    network.eval()
    maps = []
    for tap in known.taps:
        network._blocks[tap].register_forward_hook(lambda *call: maps.append(call[-1]))
    with torch.no_grad():
        head = network.extract_features(torch.from_numpy(x.transpose(0, 3, 1, 2)))
    maps = [found.numpy().transpose(0, 2, 3, 1) for found in maps]
    return maps, head.numpy().mean((2, 3))


def main():
    golden = {}
    for variant in efficientnet_lite.VARIANTS:
        maps, vector = features(variant, pretrained.image())
        golden[variant] = {
            "maps": [pretrained.samples(found) for found in maps],
            "pooled": pretrained.samples(vector),
        }
    rounded = json.loads(json.dumps(golden), parse_float=lambda text: float(f"{float(text):.7g}"))
    pretrained.GOLDEN.write_text(json.dumps(rounded, indent=1) + "\n")


if __name__ == "__main__":
    main()
