"""Answers for example.com on a port of loopback: a domain with SPF, DKIM, DMARC, two mail hosts and their names."""

import socket
import struct
import sys

TYPES = {"A": 1, "NS": 2, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "CAA": 257}


def name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"


def text(value):
    parts = [value[n : n + 255].encode() for n in range(0, len(value), 255)]
    return b"".join(bytes([len(part)]) + part for part in parts)


SOA = name("ns1.example.com") + name("host.example.com") + struct.pack(">5I", 1, 3600, 600, 86400, 60)
SIX = socket.inet_pton(socket.AF_INET6, "2001:db8::2")
RECORDS = [
    ("example.com", "SOA", SOA),
    ("example.com", "NS", name("ns1.example.com")),
    ("ns1.example.com", "A", bytes([192, 0, 2, 53])),
    ("example.com", "TXT", text("v=spf1 include:spf.example.com mx -all")),
    ("spf.example.com", "TXT", text("v=spf1 ip4:192.0.2.0/24 -all")),
    ("_dmarc.example.com", "TXT", text("v=DMARC1; p=reject; rua=mailto:d@example.com")),
    ("s1._domainkey.example.com", "TXT", text("v=DKIM1; k=rsa; p=" + open(sys.argv[2]).read().strip())),
    ("example.com", "CAA", b"\0\5issueca.test"),
    ("example.com", "MX", struct.pack(">H", 10) + name("mx1.example.com")),
    ("example.com", "MX", struct.pack(">H", 20) + name("mx2.example.com")),
    ("mx1.example.com", "A", bytes([192, 0, 2, 1])),
    ("mx2.example.com", "AAAA", SIX),
    ("1.2.0.192.in-addr.arpa", "PTR", name("mx1.example.com")),
    (".".join(reversed(SIX.hex())) + ".ip6.arpa", "PTR", name("mx2.example.com")),
]

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", int(sys.argv[1])))
while True:
    query, client = server.recvfrom(4096)
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    wanted, kind = ".".join(labels).lower(), struct.unpack(">H", query[at + 1 : at + 3])[0]
    data = [d for owner, t, d in RECORDS if owner == wanted and TYPES[t] == kind]
    exists = any(owner == wanted or owner.endswith("." + wanted) for owner, _, _ in RECORDS)
    answers = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 300, len(d)) + d for d in data)
    soa = b"" if data else name("example.com") + struct.pack(">HHIH", TYPES["SOA"], 1, 300, len(SOA)) + SOA
    counts = struct.pack(">HHHHH", 0x8180 | (0 if exists else 3), 1, len(data), 0 if data else 1, 1)
    edns = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"
    server.sendto(query[:2] + counts + query[12 : at + 5] + answers + soa + edns, client)
