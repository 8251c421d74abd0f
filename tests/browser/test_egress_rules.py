"""What may be connected to: one spelling of everything, no private address, no look-alike."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser.egress import EgressRules, Refused
from browser.egress.rules import Target, is_public, may_be_listed, read_request

LISTED = EgressRules.of({"https://app.example", "http://127.0.0.1:8000", "http://[::1]:8000"})
STRICT = EgressRules(LISTED.origins, strict=True)
NOT_PUBLIC = [
    *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.0.1", "169.254.169.254", "172.16.0.1", "172.31.9.9"),
    *("192.0.0.8", "192.168.1.1", "198.18.0.1", "224.0.0.251", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "fe80::1"),
    *("fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "100::1", "2001:db8::1", "fd00:ec2::254"),
]
PUBLIC = ["1.1.1.1", "93.184.216.34", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


def admits(rules: EgressRules, method: str, target: str) -> bool:
    try:
        rules.admit(read_request(method, target))
    except Refused:
        return False
    return True


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_addresses_that_are_not_everybodys(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_addresses_that_are_everybodys(text: str) -> None:
    assert is_public(ip_address(text))


@given(st.integers(0, 2**32 - 1))
def test_an_address_inside_another_is_judged_as_itself(number: int) -> None:
    plain = IPv4Address(number)
    for outer in (f"::ffff:{plain}", f"64:ff9b::{number >> 16:x}:{number & 0xFFFF:x}"):
        assert is_public(IPv6Address(outer)) == is_public(plain)
    if any(plain in IPv4Network(network) for network in ("10.0.0.0/8", "127.0.0.0/8", "192.168.0.0/16", "0.0.0.0/8")):
        assert not is_public(plain)


def test_the_tasks_own_origins_pass_and_nothing_beside_them() -> None:
    for method, target in [
        ("CONNECT", "app.example:443"),
        ("CONNECT", "APP.example:443"),
        ("CONNECT", "127.0.0.1:8000"),  # a WebSocket
        ("GET", "http://127.0.0.1:8000/a?b"),
        ("POST", "http://[0:0:0:0:0:0:0:1]:8000/"),
    ]:
        assert admits(STRICT, method, target), target
    for method, target in [
        ("CONNECT", "app.example:80"),
        ("CONNECT", "app.example:8443"),
        ("CONNECT", "app.example.:443"),
        ("CONNECT", "www.app.example:443"),
        ("CONNECT", "app.example.evil.test:443"),
        ("CONNECT", "127.0.0.1:8001"),
        ("GET", "http://app.example/"),
        ("GET", "http://app.example:443/"),
        ("GET", "http://127.0.0.1/"),
        ("GET", "http://[::ffff:127.0.0.1]:8000/"),
    ]:
        assert not admits(STRICT, method, target), target


def test_by_default_public_https_passes_too_and_nothing_else() -> None:
    assert admits(LISTED, "CONNECT", "cdn.example:443")
    assert admits(LISTED, "CONNECT", "1.1.1.1:443")
    for method, target in [
        ("GET", "http://cdn.example/"),
        ("CONNECT", "cdn.example:80"),
        ("CONNECT", "cdn.example:22"),
        ("CONNECT", "10.0.0.1:443"),
        ("CONNECT", "[::ffff:192.168.0.1]:443"),
        ("CONNECT", "[fd00::1]:443"),
    ]:
        assert not admits(LISTED, method, target), target


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/"),
        ("GET", "*"),
        ("GET", "https://app.example/"),
        ("GET", "ftp://app.example/"),
        ("GET", "file:///etc/passwd"),
        ("GET", "http://127.0.0.1:8000@evil.test/"),
        ("GET", "http://evil.test@127.0.0.1:8000/"),
        ("GET", "http://127.0.0.1:8000\\@evil.test/"),
        ("GET", "http://127.0.0.1:8000#@evil.test/"),
        ("GET", "http://127.0.0.1 :8000/"),
        ("GET", "http://127.0.0.1:8000:80/"),
        ("GET", "http://127.0.0.1:/"),
        ("GET", "http://127.0.0.1:0/"),
        ("GET", "http://127.0.0.1:65536/"),
        ("GET", "http://127.0.0.1:80000000/"),
        ("GET", "http://[127.0.0.1]/"),
        ("GET", "http://[fe80::1%25eth0]/"),
        ("GET", "http://[::1/"),
        ("GET", "http:///"),
        ("GET", "http://аpp.example/"),
        ("GET", "http://app..example/"),
        ("GET", "http://-app.example/"),
        ("CONNECT", "app.example"),
        ("CONNECT", "http://app.example:443"),
        ("CONNECT", "user@app.example:443"),
        ("CONNECT", "app.example:443/"),
        ("CONNECT", "app.example:https"),
        *[
            ("CONNECT", f"{host}:443")
            for host in ("2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.0.1.", "1.2.3.4.5")
        ],
        *[("CONNECT", f"{host}:443") for host in ("0x7f.1", "127.0x0.0.1", "evil.test.0x1", "1e3.7", "00127.0.0.1")],
    ],
)
def test_what_could_be_read_in_two_ways_is_not_read_at_all(method: str, target: str) -> None:
    everything = EgressRules.of({"http://127.0.0.1:8000", "http://127.0.0.1", "https://app.example"})
    assert not admits(everything, method, target)


@given(st.text(st.sampled_from("htp:/127.0x[]@\\#?%a e"), max_size=30), st.sampled_from(["GET", "CONNECT"]))
def test_what_is_read_is_what_is_connected_to(text: str, method: str) -> None:
    try:
        target = read_request(method, text)
    except Refused:
        return
    assert text.lower().startswith("http://") or method == "CONNECT"
    assert "@" not in text.removeprefix("http://").partition("/")[0].partition("?")[0]
    address = target.address
    assert address is None or target.host == str(address)
    assert address is not None or not target.host.rpartition(".")[2].isdigit()


@given(
    st.sampled_from(["http", "tunnel"]),
    st.one_of(st.ip_addresses().map(str), st.sampled_from(["app.example", "cdn.example", "localhost"])),
    st.sampled_from([80, 443, 8000]),
)
def test_strict_rules_admit_nothing_that_the_default_refuses(scheme: str, host: str, port: int) -> None:
    target = Target(scheme, host, port)
    passed = []
    for rules in (STRICT, LISTED):
        try:
            rules.admit(target)
            passed.append(True)
        except Refused:
            passed.append(False)
    strict, default = passed
    assert default or not strict
    assert not default or rules.lists(target) or target.address is None or is_public(target.address)


def test_what_a_name_was_found_to_be_is_judged_too() -> None:
    app, cdn = Target("tunnel", "app.example", 443), Target("tunnel", "cdn.example", 443)
    assert LISTED.admit_addresses(app, ["10.0.0.7"]) == [IPv4Address("10.0.0.7")], (
        "a listed name may be in a private network"
    )
    assert LISTED.admit_addresses(cdn, ["1.1.1.1", "2606:4700::1111"])
    for target, found in [
        (cdn, ["10.0.0.7"]),
        (cdn, ["1.1.1.1", "127.0.0.1"]),
        (app, ["169.254.169.254"]),
        (app, ["0.0.0.0"]),
        (app, ["::ffff:169.254.169.254"]),
    ]:
        with pytest.raises(Refused, match="not a public address"):
            LISTED.admit_addresses(target, found)
    assert not may_be_listed(ip_address("fe80::1"))


@pytest.mark.parametrize(
    "text", ["", "app.example", "ftp://app.example", "http://127.1", "http://a b", "http://u@app.example"]
)
def test_rules_of_what_is_no_origin(text: str) -> None:
    with pytest.raises(ValueError, match="not an origin"):
        EgressRules.of({text})
