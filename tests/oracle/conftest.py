"""Settings of the tests with PyTorch."""


def pytest_configure(config):
    # A machine without a GPU under PyTorch's CUDA build.
    config.addinivalue_line("filterwarnings", "ignore:CUDA initialization:UserWarning")
