# Reads a CHKL pack by the description of the format alone, with the libraries of python3-xxhash and
# python3-lz4, and prints one line per object: its SHA-256, its key and its size. Checks header,
# name, index and sidecar on the way. Usage: read-packs.py <directory> <id>

import hashlib
import struct
import sys

import lz4.frame
import xxhash

directory, name = sys.argv[1:]
data, index, sidecar = (
    open(f"{directory}/pack-{name}.{kind}", "rb").read() for kind in ("dat", "idx", "ids")
)

magic, count = struct.unpack_from("<4sI", data, 0)
assert magic == b"CHKL", magic
assert xxhash.xxh3_128(data[8:] + data[:8]).hexdigest()[:16] == name, "name"

assert len(index) == 32 * count, "index size"
rows = [struct.unpack_from("<16sQQ", index, 32 * row) for row in range(count)]
assert [row[0] for row in rows] == sorted(row[0] for row in rows), "index order"

assert sidecar[:4] == b"SPID" and struct.unpack_from("<IQ", sidecar, 4) == (1, count), "sidecar"
assert struct.unpack("<Q", sidecar[-8:])[0] == xxhash.xxh64(sidecar[:-8]).intdigest(), "checksum"
named = {}
for row in range(count):
    digest, key, offset, encoded, size = struct.unpack_from("<32s16sQQQ", sidecar, 16 + 72 * row)
    named[offset] = (digest, key, encoded, size)
assert len(sidecar) == 16 + 72 * count + 8, "sidecar size"

end = 8
for key, offset, encoded in sorted(rows, key=lambda row: row[1]):
    assert offset == end, "gap"
    assert struct.unpack_from("<16sQ", data, offset) == (key, encoded), "entry header"
    content = lz4.frame.decompress(data[offset + 24 : offset + 24 + encoded])
    assert xxhash.xxh3_128(content).digest()[::-1] == key, "key"
    digest = hashlib.sha256(content)
    assert named[offset] == (digest.digest(), key, encoded, len(content)), "identity"
    print(digest.hexdigest(), key.hex(), len(content))
    end = offset + 24 + encoded
assert end == len(data), "end"
