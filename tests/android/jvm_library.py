"""Makes the AAR's x86_64 library loadable by an ordinary Linux.

`python -m tests.android.jvm_library LIBRARY.so FOLDER` writes it into FOLDER, with a shim under the
names of Android's system libraries (android_demo/ci/shim.c). Symbol versions are Android's and are
taken out: glibc has others.
"""

import pathlib
import struct
import subprocess
import sys

SHIM = pathlib.Path(__file__).parents[2] / "android_demo" / "ci" / "shim.c"
SYSTEM = ("libc.so", "libm.so", "libdl.so", "liblog.so")  # what the library needs
PT_DYNAMIC = 2
DT_DEBUG = 21  # which loaders leave alone
VERSIONS = (0x6FFFFFF0, 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF)  # DT_VERSYM, ...


def without_versions(library: bytes) -> bytes:
    """A 64-bit ELF library whose dynamic section names no symbol versions."""
    content = bytearray(library)
    (start,) = struct.unpack_from("<Q", content, 32)
    (count,) = struct.unpack_from("<H", content, 56)
    for i in range(count):
        header = start + 56 * i
        if struct.unpack_from("<I", content, header)[0] != PT_DYNAMIC:
            continue
        offset, size = (struct.unpack_from("<Q", content, header + at)[0] for at in (8, 32))
        for entry in range(offset, offset + size, 16):
            if struct.unpack_from("<Q", content, entry)[0] in VERSIONS:
                struct.pack_into("<QQ", content, entry, DT_DEBUG, 0)
    return bytes(content)


def write(library: pathlib.Path, folder: pathlib.Path) -> None:
    """Writes the library and what stands in for Android's system libraries."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / library.name).write_bytes(without_versions(library.read_bytes()))
    for name in SYSTEM:
        command = ["cc", "-shared", "-fPIC", "-O1", f"-Wl,-soname,{name}", "-Wl,--no-as-needed"]
        command += ["-o", str(folder / name), str(SHIM), "-lm", "-ldl", "-lpthread"]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    write(*map(pathlib.Path, sys.argv[1:]))
