"""Our work against archived libraries, in an environment of their own; `make compat` runs it.

`python -m tests.compat.write_expected FOLDER`, in the environment of the project, writes the files;
`pytest tests/compat --expected=FOLDER`, in the other one, compares it.
"""
