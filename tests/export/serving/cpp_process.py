"""A process without Python's TensorFlow: `cpp_process.py MODEL FILES...` translates them in C++.

Prints JSON: the translations of every file in the look of the next, and whether Python's TensorFlow
was there.
"""

import base64
import json
import pathlib
import sys

from export.serving import c_api

model = c_api.Model(sys.argv[1])
contents = [pathlib.Path(name).read_bytes() for name in sys.argv[2:]]
references = contents[1:] + contents[:1]
answer = model.run("serving_default", {"image_bytes": contents, "reference_bytes": references})
translated = [base64.b64encode(content).decode() for content in answer["translated_bytes"]]
python_tensorflow = any(name.startswith("tensorflow.python") for name in sys.modules)
print(json.dumps({"translated": translated, "python_tensorflow": python_tensorflow}))
