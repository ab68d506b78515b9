"""BLAKE3, Ed25519 and strict DAG-CBOR, written out from their papers and RFCs. Slow and plain; not for secret keys."""
import hashlib
import math
import struct


class Refused(Exception):
    """The bytes are to be refused; the text says at which rule."""


def need(condition, rule):
    if not condition:
        raise Refused(rule)


# --- BLAKE3, the hash of bytes with 32 bytes of output ----------------------------------------------------------------

IV = [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19]
PERMUTATION = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8]
CHUNK_START, CHUNK_END, PARENT, ROOT = 1, 2, 4, 8
MASK = 0xFFFFFFFF


def compress(chaining, block, counter, length, flags):
    state = chaining + IV[:4] + [counter & MASK, counter >> 32, length, flags]
    words = list(block)

    def mix(a, b, c, d, x, y):
        def turn(value, bits):
            return ((value >> bits) | (value << (32 - bits))) & MASK

        for word, first, second in ((x, 16, 12), (y, 8, 7)):
            state[a] = (state[a] + state[b] + word) & MASK
            state[d] = turn(state[d] ^ state[a], first)
            state[c] = (state[c] + state[d]) & MASK
            state[b] = turn(state[b] ^ state[c], second)

    for _ in range(7):
        for column in range(4):
            mix(column, column + 4, column + 8, column + 12, words[2 * column], words[2 * column + 1])
        for row in range(4):
            mix(row, 4 + (row + 1) % 4, 8 + (row + 2) % 4, 12 + (row + 3) % 4, words[8 + 2 * row], words[9 + 2 * row])
        words = [words[place] for place in PERMUTATION]
    return [state[place] ^ state[place + 8] for place in range(8)]


def words_of(data):
    data = data + bytes(64 - len(data))
    return [int.from_bytes(data[place:place + 4], "little") for place in range(0, 64, 4)]


def chunk_node(data, counter):
    """The chaining value before the last block of a chunk, and that block: what a parent or the root compresses."""
    chaining, flags = IV[:], CHUNK_START
    while len(data) > 64:
        chaining, flags, data = compress(chaining, words_of(data[:64]), counter, 64, flags), 0, data[64:]
    return chaining, words_of(data), counter, len(data), flags | CHUNK_END


def blake3_node(data, counter):
    if len(data) <= 1024:
        return chunk_node(data, counter)
    left = 1024
    while left * 2 < len(data):
        left *= 2
    halves = blake3_node(data[:left], counter), blake3_node(data[left:], counter + left // 1024)
    return IV[:], [word for half in halves for word in compress(*half)], 0, 64, PARENT


def blake3(data):
    chaining, block, _, length, flags = blake3_node(data, 0)
    return b"".join(word.to_bytes(4, "little") for word in compress(chaining, block, 0, length, flags | ROOT))


# --- Ed25519, verification as docs/spec/entries.md writes it out -------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def decompress(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, (y & ((1 << 255) - 1)) % P
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * SQRT_M1 % P
    if (x * x - square) % P:
        return None
    if x & 1 != sign:
        x = (P - x) % P
    return x, y


def compress_point(point):
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


def add(one, other):
    (x1, y1), (x2, y2) = one, other
    t = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + t, P - 2, P) % P
    return x, (y1 * y2 + x1 * x2) * pow(1 - t, P - 2, P) % P


def add_projective(one, other):
    """The same sum without a division: (X, Y, Z, T) stands for x = X/Z, y = Y/Z, and T is XY/Z."""
    (x1, y1, z1, t1), (x2, y2, z2, t2) = one, other
    a, b = (y1 - x1) * (y2 - x2), (y1 + x1) * (y2 + x2)
    c, d = 2 * D * t1 * t2, 2 * z1 * z2
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar, point):
    x, y = point
    total, power = (0, 1, 1, 0), (x, y, 1, x * y % P)
    while scalar:
        if scalar & 1:
            total = add_projective(total, power)
        power, scalar = add_projective(power, power), scalar >> 1
    x, y, z, _ = total
    inverse = pow(z, P - 2, P)
    return x * inverse % P, y * inverse % P


BASE = decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def challenge(r, key, message):
    return int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % L


def verify_strict(key, message, signature):
    need(len(key) == 32 and len(signature) == 64, "signature")
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    a_point, r_point = decompress(key), decompress(r)
    need(s < L, "signature")
    need(a_point is not None and r_point is not None, "signature")
    need(times(8, a_point) != (0, 1) and times(8, r_point) != (0, 1), "signature")
    x, y = times(challenge(r, key, message), a_point)
    need(compress_point(add(times(s, BASE), (-x % P, y))) == r, "signature")


def secret_scalar(seed):
    digest = hashlib.sha512(seed).digest()
    return int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | (1 << 254), digest[32:]


def public_key(seed):
    return compress_point(times(secret_scalar(seed)[0], BASE))


def sign(seed, message):
    a, prefix = secret_scalar(seed)
    key = public_key(seed)
    nonce = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % L
    r = compress_point(times(nonce, BASE))
    return r + ((nonce + challenge(r, key, message) * a) % L).to_bytes(32, "little")


# --- Strict DAG-CBOR ---------------------------------------------------------------------------------------------------

def head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * size:
            return bytes([major << 5 | code]) + number.to_bytes(size, "big")
    raise ValueError(number)


class Link(bytes):
    """What tag 42 holds: a CID in bytes, after a zero. Record bodies alone may have one."""


def encode(value):
    if value is None:
        return b"\xf6"
    if value is True or value is False:
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, Link):
        return b"\xd8\x2a" + head(2, len(value)) + value
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, (list, tuple)):
        return head(4, len(value)) + b"".join(map(encode, value))
    keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
    return head(5, len(keys)) + b"".join(encode(key) + encode(value[key]) for key in keys)


def decode(data, of_record=False):
    """The value; only if these bytes are its one encoding. Record bodies alone may hold floats and links."""
    try:
        value, rest = decode_item(data, 0, of_record)
    except (IndexError, UnicodeDecodeError) as error:
        raise Refused("cbor") from error
    need(not rest and encode(value) == data, "cbor")
    return value


def decode_item(data, depth, of_record):
    need(depth < 64, "cbor")
    major, number = data[0] >> 5, data[0] & 31
    if of_record and data[0] == 0xFB:
        need(len(data) >= 9 and math.isfinite(struct.unpack(">d", data[1:9])[0]), "cbor")
        return struct.unpack(">d", data[1:9])[0], data[9:]
    if of_record and data[:2] == b"\xd8\x2a":
        link, rest = decode_item(data[2:], depth + 1, False)
        need(isinstance(link, bytes) and link[:1] == b"\0", "cbor")
        return Link(link), rest
    if major == 7:
        need(data[0] in (0xF4, 0xF5, 0xF6), "cbor")
        return {0xF4: False, 0xF5: True, 0xF6: None}[data[0]], data[1:]
    need(number < 28, "cbor")
    size = 0 if number < 24 else 1 << (number - 24)
    need(len(data) > size, "cbor")
    number = number if number < 24 else int.from_bytes(data[1:1 + size], "big")
    rest = data[1 + size:]
    if major == 0:
        return number, rest
    if major == 1:
        return -1 - number, rest
    if major in (2, 3):
        need(len(rest) >= number, "cbor")
        content, rest = rest[:number], rest[number:]
        return (content if major == 2 else content.decode()), rest
    need(major in (4, 5), "cbor")
    items, pairs = [], {}
    for _ in range(number):
        key, rest = decode_item(rest, depth + 1, of_record)
        if major == 4:
            items.append(key)
            continue
        need(isinstance(key, str) and key not in pairs, "cbor")
        pairs[key], rest = decode_item(rest, depth + 1, of_record)
    return (items if major == 4 else pairs), rest
